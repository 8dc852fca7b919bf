console.log('post done');
