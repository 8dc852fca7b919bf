console.log('pre of an action')
