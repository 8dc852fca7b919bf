console.log("main: runs");
