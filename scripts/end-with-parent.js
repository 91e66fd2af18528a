// Preloaded into the application by npm start: whoever kills npm start means the application too.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
