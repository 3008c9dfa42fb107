// The paper of a room's page: its canvases, and the recorder of touches.

const { canvases, fit, measureStage } = require('../../lib/easel')
const { Painter } = require('../../lib/painter')
const { penOn } = require('../../lib/pen')
const { Recorder } = require('../../lib/recorder')
const { View } = require('../../lib/view')

/**
 * @typedef {object} Deps
 * @property {any} page with #stage, #settled and #live; its data has the pen, boxWidth and boxHeight
 * @property {{ now: any }} limits
 * @property {() => { width: number, height: number }} paper grid units
 * @property {() => import('../../lib/drawing').Stroke[]} strokes what is shown
 * @property {'free' | 'one_stroke'} mode of the pen
 * @property {() => boolean} open whether strokes are taken now
 * @property {() => number} at the moment as actions carry it, ms
 * @property {() => void} [begin] a finger came down
 * @property {(stroke: import('../../lib/drawing').StrokeAction) => void} end
 * @property {() => void} [undo]
 */

class Board {
  /** @param {Deps} deps */
  constructor(deps) {
    this.deps = deps
    this.view = new View()
    /** Set by the first layout. @type {Painter | null} */
    this.painter = null
    const { page, limits } = deps
    this.recorder = new Recorder({
      pen: () => penOn(wx, { ...page.data, mode: deps.mode }, deps.paper(), limits.now),
      toGrid: (x, y) => this.view.toGrid(x, y),
      bounds: () => {
        const { width, height } = deps.paper()
        return { x: width * limits.now.coordinate_factor, y: height * limits.now.coordinate_factor }
      },
      at: deps.at,
      calls: {
        begin: (stroke) => {
          this.paint().begin(stroke)
          if (deps.begin) deps.begin()
        },
        extend: () => this.paint().extend(),
        end: (stroke) => deps.end(stroke),
        withdraw: () => {
          this.paint().withdraw()
          this.show()
        },
        pinch: (pinch) => {
          this.view.pinch(pinch)
          this.paint().stretch()
        },
        pinchEnd: () => this.paint().sharpen(),
        twoFingerTap: () => { if (deps.undo) deps.undo() },
        twoFingerDoubleTap: () => {
          this.view.reset()
          this.paint().sharpen()
        },
      },
    })
  }

  /** The painter, which is there as soon as a finger can come down. @returns {Painter} */
  paint() {
    return /** @type {Painter} */ (this.painter)
  }

  /** Fits the paper to the stage, and makes the painter at the first call. */
  async layOut() {
    const { page, paper } = this.deps
    const stage = await measureStage(page)
    if (!stage || !stage.height) return
    const size = fit(stage, paper(), false)
    if (this.painter && size.width === this.view.width && size.height === this.view.height) return
    await new Promise((resolve) => page.setData({ boxWidth: size.width, boxHeight: size.height }, () => resolve(undefined)))
    const [settled, live] = await canvases(page, ['settled', 'live'])
    if (!settled || !live) return
    this.view.resize(size.width, size.height, paper())
    if (!this.painter) {
      const offScreen = () => wx.createOffscreenCanvas({ type: '2d', width: 1, height: 1 })
      this.painter = new Painter({ canvas: settled, live, offScreen, view: this.view, pixelRatio: wx.getWindowInfo().pixelRatio })
    }
    this.painter.wanted = this.deps.strokes()
    this.painter.resize()
    this.show()
  }

  /** Shows the strokes as they are now, unless one is being drawn: its end shows them. */
  show() {
    if (this.painter && !this.recorder.stroke) this.painter.show(this.deps.strokes())
  }

  /** The stroke that was drawn is among the strokes now. */
  finish() {
    if (this.painter) this.painter.finish(this.deps.strokes())
  }

  /** @param {any} event */
  start(event) {
    if (!this.painter || (this.recorder.phase === 'idle' && !this.deps.open())) return
    this.recorder.maxPoints = this.deps.limits.now.points_per_stroke
    this.recorder.start(event)
  }

  cancel() {
    this.recorder.cancel({})
  }
}

module.exports = { Board }
