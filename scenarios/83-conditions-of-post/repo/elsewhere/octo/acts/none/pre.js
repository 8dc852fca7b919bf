console.log("pre of none");
