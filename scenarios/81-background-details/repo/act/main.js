console.log("main of act");
