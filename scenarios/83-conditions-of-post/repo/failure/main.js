console.log("main of failure");
