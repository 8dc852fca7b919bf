const fs = require('fs');
console.log(`main in ${process.cwd()}`);
console.log(`input ${process.env.INPUT_WHAT}`);
fs.appendFileSync(process.env.GITHUB_OUTPUT, 'via=via file\n');
