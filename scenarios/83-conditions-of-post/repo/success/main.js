console.log("main of success");
