console.log("post of none");
