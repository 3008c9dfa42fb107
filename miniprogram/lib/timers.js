// The clock's timers as an object, so that a test can put its own in their place.

/** @typedef {{ set(run: () => void, ms: number): any, clear(timer: any): void }} Timers */

/** @type {Timers} */
const timers = {
  set: (run, ms) => setTimeout(run, ms),
  clear: (timer) => clearTimeout(timer),
}

module.exports = { timers }
