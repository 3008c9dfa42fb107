// Plays a drawing on the two canvases of a page.

const { canvases, fit, measureStage } = require('./easel')
const { late } = require('./late')
const { Painter } = require('./painter')
const { Player } = require('./player')
const { AUTO, Tempo } = require('./tempo')
const { View } = require('./view')

/** Milliseconds that the finished picture stands before a loop begins anew. */
const LOOP_REST = 1_200
/** Milliseconds of empty paper before the first stroke, without which a drawing of one dot would not move. */
const LEAD = 500
/** The replay moves on by at most so much in one frame, ms: after a break it goes on where it was. */
const LONGEST_FRAME = 250

/**
 * @typedef {object} Film
 * @property {import('./drawing').Action[]} actions
 * @property {number} width grid units
 * @property {number} height grid units
 * @property {string} [background] the paper's colour before the first action
 */

class Playback {
  /**
   * @param {any} page with a #stage and the canvases #settled and #live; its data has boxWidth, boxHeight, background
   *   and playing
   * @param {Film} film
   * @param {() => void} [onMove] called after each moment that was painted
   */
  constructor(page, film, onMove = () => {}) {
    this.page = page
    this.film = film
    this.onMove = onMove
    this.player = new Player(film.actions, film.background)
    this.tempo = new Tempo(this.player.duration, AUTO)
    /** Set by the first layout. @type {Painter} */
    this.painter = late()
    /** The canvas node whose frames drive the replay. @type {any} */
    this.canvas = late()
    this.view = new View()
    /** The moment of the replay, ms; negative before the first stroke. */
    this.time = 0
    /** The last frame, ms since 1970. */
    this.before = 0
    this.frame = 0
    this.playing = false
    this.loop = false
  }

  /** Fits the paper to the stage, and makes the painter at the first call. */
  async layOut() {
    const { film, page, view } = this
    const stage = await measureStage(page)
    if (!stage || !stage.height) return
    const size = fit(stage, film, false)
    await new Promise((resolve) => page.setData({ boxWidth: size.width, boxHeight: size.height }, () => resolve(undefined)))
    const [settled, live] = await canvases(page, ['settled', 'live'])
    if (!settled || !live) return
    if (!this.painter) {
      const offScreen = () => wx.createOffscreenCanvas({ type: '2d', width: 1, height: 1 })
      const { pixelRatio } = wx.getWindowInfo()
      this.painter = new Painter({ canvas: settled, live, offScreen, view, pixelRatio })
      this.canvas = settled
    }
    view.resize(size.width, size.height, film)
    this.painter.resize()
    this.show()
  }

  play() {
    if (!this.painter || this.playing) return
    if (this.time <= 0 || this.time >= this.player.duration) this.time = -LEAD
    this.setPlaying(true)
    this.before = Date.now()
    this.next()
  }

  pause() {
    if (!this.playing) return
    this.canvas.cancelAnimationFrame(this.frame)
    this.setPlaying(false)
  }

  next() {
    this.frame = this.canvas.requestAnimationFrame(() => this.step())
  }

  step() {
    const now = Date.now()
    const passed = Math.min(now - this.before, LONGEST_FRAME)
    const { tempo } = this
    const { duration } = this.player
    // Before the first stroke, and behind the last one of a loop, time passes at no other pace.
    this.time = this.time < 0 || this.time >= duration ? this.time + passed : tempo.toTime(tempo.toWatch(this.time) + passed)
    this.before = now
    if (this.time >= duration && !this.loop) {
      this.time = duration
      this.show()
      this.pause()
      return
    }
    if (this.time >= duration + LOOP_REST) this.time = -LEAD
    this.show()
    this.next()
  }

  /** Paints the present moment. */
  show() {
    const { page, painter, player } = this
    if (!painter) return
    const { picture, stroke, numbers } = player.seek(Math.min(this.time, player.duration))
    if (painter.drawing && painter.drawing.stroke !== stroke) painter.finish(picture.strokes)
    else painter.show(picture.strokes)
    if (stroke) painter.trace(stroke, numbers)
    if (picture.background !== page.data.background) page.setData({ background: picture.background })
    this.onMove()
  }

  /** @param {boolean} playing */
  setPlaying(playing) {
    this.playing = playing
    this.page.setData({ playing })
    this.onMove()
  }

  /** @param {number} speed one of the tempo's */
  setSpeed(speed) {
    this.tempo = new Tempo(this.player.duration, speed)
  }

  /** ms of the replay, between its ends. */
  get moment() {
    return Math.max(0, Math.min(this.time, this.player.duration))
  }
}

module.exports = { Playback }
