console.log("pre of failure");
