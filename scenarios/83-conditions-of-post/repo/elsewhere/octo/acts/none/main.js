console.log("main of none");
