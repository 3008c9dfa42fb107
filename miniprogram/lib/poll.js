// Asks again and again, less and less often, while an answer is awaited.

const { timers: clock } = require('./timers')

/** The pauses, ms; the last one repeats. */
const PAUSES = [3_000, 5_000, 10_000, 20_000, 30_000]

class Poll {
  /** @param {() => void} ask @param {import('./timers').Timers} [timers] */
  constructor(ask, timers = clock) {
    this.ask = ask
    this.timers = timers
    this.asked = 0
    /** @type {any} */
    this.timer = null
  }

  /** Asks once more after a pause. */
  later() {
    this.timers.clear(this.timer)
    const pause = PAUSES[Math.min(this.asked, PAUSES.length - 1)]
    this.asked += 1
    this.timer = this.timers.set(() => this.ask(), pause)
  }

  /** Asks no more; the next pause is the shortest one again. */
  stop() {
    this.timers.clear(this.timer)
    this.asked = 0
  }
}

module.exports = { Poll, PAUSES }
