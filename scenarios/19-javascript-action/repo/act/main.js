const fs = require("fs");
const name = process.env.INPUT_NAME;
console.log(`main of ${name}`);
fs.appendFileSync(process.env.GITHUB_STATE, `name=${name}\n`);
fs.appendFileSync(process.env.GITHUB_OUTPUT, `seen=${name}!\n`);
if (process.env.INPUT_FAIL === "true") process.exit(1);
