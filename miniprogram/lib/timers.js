// The timers as an object, so that tests can replace them.

/** @typedef {{ set(run: () => void, ms: number): any, clear(timer: any): void }} Timers */

/** @type {Timers} */
const timers = {
  set: (run, ms) => setTimeout(run, ms),
  clear: (timer) => clearTimeout(timer),
}

module.exports = { timers }
