console.log("main of linux");
