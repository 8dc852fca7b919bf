console.log("pre of linux");
