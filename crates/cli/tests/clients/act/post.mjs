import * as core from '@actions/core'

console.log(`post of ${core.getInput('do')}: state ${JSON.stringify(core.getState('from main'))}`)
