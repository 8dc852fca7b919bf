console.log("post of act");
