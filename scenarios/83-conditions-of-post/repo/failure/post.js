console.log("post of failure");
