console.log("pre of success");
