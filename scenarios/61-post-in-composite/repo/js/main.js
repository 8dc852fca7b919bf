require("fs").appendFileSync(process.env.GITHUB_STATE, `n=${process.env.INPUT_NAME}\n`);
console.log(`main ${process.env.INPUT_NAME}`);
