console.log("post of linux");
