// The pace of a replay. By default any drawing takes about 20 s: what is longer runs faster, but for its end, so that
// one sees how it was finished.

/** The longest replay at the automatic pace, and the part at its end that keeps the hand's own pace: ms. */
const LONGEST = 20_000
const END = 2_000
/** The automatic pace, and those that can be chosen instead. */
const AUTO = 0
const SPEEDS = [AUTO, 1, 2, 4]

class Tempo {
  /** @param {number} duration of the replay at the hand's own pace, ms @param {number} [speed] one of `SPEEDS` */
  constructor(duration, speed = AUTO) {
    this.duration = duration
    const isLong = speed === AUTO && duration > LONGEST
    /** The moment of the replay from which it keeps the hand's own pace. */
    this.slowFrom = isLong ? duration - END : duration
    this.factor = isLong ? this.slowFrom / (LONGEST - END) : speed || 1
  }

  /** @param {number} time of the replay @returns {number} ms that have passed until then */
  toWatch(time) {
    return Math.min(time, this.slowFrom) / this.factor + Math.max(0, time - this.slowFrom)
  }

  /** @param {number} watch ms that have passed @returns {number} the moment of the replay */
  toTime(watch) {
    const slowAt = this.slowFrom / this.factor
    return watch <= slowAt ? watch * this.factor : this.slowFrom + watch - slowAt
  }

  /** ms that the whole replay takes. */
  get total() {
    return this.toWatch(this.duration)
  }
}

/** @param {number} speed @returns {number} the speed that a tap on the button chooses next */
function nextSpeed(speed) {
  return SPEEDS[(SPEEDS.indexOf(speed) + 1) % SPEEDS.length]
}

/** @param {number} ms @returns {string} minutes and seconds */
function clockWords(ms) {
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

module.exports = { Tempo, AUTO, LONGEST, END, nextSpeed, clockWords }
