// Shows a picture on two stacked canvases: the settled strokes below, the stroke that is being drawn above (`live`).
//
// The settled canvas holds strokes only, transparent where there are none: the paper's colour is the element's
// below it, which is how an eraser shows whatever background there is, now or later. A buffer off the screen
// (`base`) holds all but the last strokes, so that undo and eraser repaint a few strokes and not all of them.

const { touches } = require('./bounds')
const { paint } = require('./geometry')
const { Live, clear } = require('./live')

/** WeChat's largest canvas, CSS px. */
const MAX_SIDE = 1365
/** The strokes that lie on the screen only, not in the base: undo among them is cheap. */
const LOOSE_MIN = 24
const LOOSE_MAX = 64
/** Milliseconds of painting in one frame while a long picture is built up, and while a finger draws meanwhile. */
const SLICE = 24
const SLICE_WHILE_DRAWING = 6
/** Milliseconds without a movement after which a hand rests: a little more than a frame. */
const FRAME = 20

/**
 * @typedef {import('./drawing').Stroke} Stroke
 * @typedef {import('./view').View} View
 */

/** @param {Stroke[]} a @param {Stroke[]} b @returns {number} the length of the beginning that both lists share */
function commonStart(a, b) {
  const most = Math.min(a.length, b.length)
  let count = 0
  while (count < most && a[count] === b[count]) count += 1
  return count
}

class Painter {
  /**
   * @param {object} deps
   * @param {any} deps.canvas the settled strokes' canvas node
   * @param {any} deps.live the live stroke's canvas node
   * @param {() => any} deps.offScreen makes a canvas off the screen
   * @param {View} deps.view
   * @param {number} deps.pixelRatio
   * @param {() => number} [deps.now] ms
   */
  constructor({ canvas, live, offScreen, view, pixelRatio, now = Date.now }) {
    this.canvas = canvas
    this.live = live
    this.base = offScreen()
    this.under = offScreen()
    this.view = view
    this.pixelRatio = pixelRatio
    this.now = now
    this.context = canvas.getContext('2d')
    this.liveContext = live.getContext('2d')
    this.baseContext = this.base.getContext('2d')
    this.underContext = this.under.getContext('2d')
    /** @type {Stroke[]} the strokes to be shown */
    this.wanted = []
    /** @type {Stroke[]} the strokes on the settled canvas */
    this.painted = []
    /** The number of `painted` that the base holds. */
    this.based = 0
    /** The view of canvas and base. */
    this.paintedView = view.copy()
    /** @type {Live | null} */
    this.drawing = null
    /** @type {any} the frame that continues a long picture */
    this.frame = null
    /** The frame that looks whether the hand rests, and the moment of the last movement. @type {any} */
    this.restFrame = null
    this.moved = 0
    /** @type {(() => void)[]} */
    this.waiting = []
  }

  /** Takes over the view's size and paints anew; a stroke that is being drawn is dropped. @param {boolean} [visibly] the picture is shown while it is built up */
  resize(visibly = true) {
    const { width, height } = this.view
    const ratio = Math.min(this.pixelRatio, (MAX_SIDE * 3) / Math.max(width, height))
    this.ratio = ratio
    this.drawing = null
    for (const canvas of [this.canvas, this.live, this.base, this.under]) {
      canvas.width = Math.round(width * ratio)
      canvas.height = Math.round(height * ratio)
    }
    this.rebuild(visibly)
  }

  /** @param {CanvasRenderingContext2D} context */
  toGrid(context) {
    const k = this.view.scale * (this.ratio || 1)
    context.setTransform(k, 0, 0, k, this.view.x * (this.ratio || 1), this.view.y * (this.ratio || 1))
  }

  /** @param {any} context @param {any} canvas */
  clear(context, canvas) {
    clear({ context, canvas })
  }

  /** Makes the settled canvas show these strokes. @param {Stroke[]} strokes */
  show(strokes) {
    this.wanted = strokes
    // While a long picture is built up, it takes the new list from `wanted`.
    if (this.frame !== null) {
      if (commonStart(this.painted, strokes) < this.painted.length) this.rebuild(false)
      return
    }
    const same = commonStart(this.painted, strokes)
    if (same === this.painted.length) {
      if (same === strokes.length) return
      if (strokes.length - same > LOOSE_MAX) this.grow(false)
      else {
        this.add(strokes, same)
        this.settle()
      }
    } else this.repaint(same)
  }

  /** Paints anew after a change below the last stroke. @param {number} same the number of its first strokes that stay */
  repaint(same) {
    if (same >= this.based && this.wanted.length - this.based <= 2 * LOOSE_MAX) this.repaintLoose()
    else this.rebuild(false)
  }

  /** @param {Stroke[]} strokes @param {number} from */
  add(strokes, from) {
    this.toGrid(this.context)
    this.paintRange(this.context, strokes, from, strokes.length)
    this.painted = strokes.slice()
  }

  /** @param {CanvasRenderingContext2D} context @param {Stroke[]} strokes @param {number} from @param {number} to */
  paintRange(context, strokes, from, to) {
    const area = this.view.shown
    for (let i = from; i < to; i += 1) if (touches(strokes[i], area)) paint(context, /** @type {any} */ (strokes[i]), this.view.unit)
  }

  /** Paints the base, and on it the strokes that it lacks. */
  repaintLoose() {
    this.clear(this.context, this.canvas)
    this.context.drawImage(this.base, 0, 0)
    this.add(this.wanted, this.based)
    this.settle()
  }

  /** Moves all but the last strokes into the base when they have become many. */
  settle() {
    if (this.painted.length - this.based <= LOOSE_MAX) return
    const upTo = this.painted.length - LOOSE_MIN
    this.toGrid(this.baseContext)
    this.paintRange(this.baseContext, this.painted, this.based, upTo)
    this.based = upTo
  }

  /** Paints everything for the present view. @param {boolean} visibly the picture is shown while it is built up */
  rebuild(visibly) {
    this.stop()
    this.clear(this.baseContext, this.base)
    this.based = 0
    this.painted = []
    this.paintedView = this.view.copy()
    if (visibly) this.clear(this.context, this.canvas)
    this.grow(visibly)
  }

  /** Paints for a slice of time and continues in the next frame. @param {boolean} visibly */
  grow(visibly) {
    this.frame = null
    const until = this.now() + (this.drawing ? SLICE_WHILE_DRAWING : SLICE)
    const target = Math.max(0, this.wanted.length - LOOSE_MIN)
    // The strokes that are on the screen only go into the base first.
    this.toGrid(this.baseContext)
    while (this.based < target && this.now() < until) {
      const to = Math.min(target, this.based + 16)
      this.paintRange(this.baseContext, this.wanted, this.based, to)
      this.based = to
      this.painted = this.wanted.slice(0, to)
    }
    const done = this.based >= target
    if (visibly || done) {
      this.clear(this.context, this.canvas)
      this.context.drawImage(this.base, 0, 0)
    }
    if (done) {
      this.add(this.wanted, this.based)
      if (!this.drawing) this.clear(this.liveContext, this.live)
      for (const run of this.waiting.splice(0)) run()
    } else this.frame = this.canvas.requestAnimationFrame(() => this.grow(visibly))
  }

  stop() {
    if (this.frame !== null) this.canvas.cancelAnimationFrame(this.frame)
    this.frame = null
  }

  /** @returns {Promise<void>} resolves when all wanted strokes are on the screen */
  settled() {
    return this.frame === null ? Promise.resolve() : new Promise((resolve) => this.waiting.push(resolve))
  }

  /** A finger came down. @param {Stroke} stroke it has one point */
  begin(stroke) {
    this.drawing = this.startLive(stroke)
    this.drawing.extend()
    this.moved = this.now()
  }

  /** @param {Stroke} stroke */
  startLive(stroke) {
    const { view } = this
    const ratio = this.ratio || 1
    return new Live({
      live: { context: this.liveContext, canvas: this.live },
      under: { context: this.underContext, canvas: this.under },
      settled: { context: this.context, canvas: this.canvas },
      frame: { scale: view.scale * ratio, x: view.x * ratio, y: view.y * ratio, ratio, unit: view.unit },
      stroke,
    })
  }

  extend() {
    if (!this.drawing) return
    this.drawing.extend()
    this.moved = this.now()
    if (this.restFrame === null) this.restFrame = this.canvas.requestAnimationFrame(() => this.rest())
  }

  /** Ink is drawn out to a point by a moving hand and is round where a hand rests, so a rest is painted too. */
  rest() {
    this.restFrame = null
    const rested = this.now() - this.moved
    if (!this.drawing || (rested > FRAME && !this.drawing.rest(rested))) return
    this.restFrame = this.canvas.requestAnimationFrame(() => this.rest())
  }

  /**
   * Shows the beginning of a stroke, as if it were being drawn.
   * @param {Stroke} stroke @param {number} numbers of its points
   */
  trace(stroke, numbers) {
    if (!this.drawing || this.drawing.stroke !== stroke || this.drawing.numbers > numbers) {
      this.withdraw()
      this.drawing = this.startLive(stroke)
    }
    this.drawing.extend(numbers)
  }

  /** The stroke is complete and is painted once more, as one shape. @param {Stroke[]} strokes it among them */
  finish(strokes) {
    const { drawing } = this
    this.drawing = null
    if (!drawing) return
    if (drawing.stroke.tool === 'eraser' && this.frame === null) {
      this.wanted = strokes
      this.repaint(commonStart(this.painted, strokes))
    } else this.show(strokes)
    if (this.frame === null) this.clear(this.liveContext, this.live)
  }

  /** The stroke is taken back. */
  withdraw() {
    const { drawing } = this
    this.drawing = null
    if (!drawing) return
    if (drawing.stroke.tool === 'eraser' && this.frame === null) this.repaintLoose()
    this.clear(this.liveContext, this.live)
  }

  /**
   * The colour that shows at a place: that of the pixel around it which hides the paper most.
   * @param {{ x: number, y: number }} place CSS px @param {string} background @returns {string} `#rrggbb`
   */
  colorAt({ x, y }, background) {
    const ratio = this.ratio || 1
    const { data } = this.context.getImageData(Math.round(x * ratio) - 1, Math.round(y * ratio) - 1, 3, 3)
    let most = 0
    for (let i = 4; i < data.length; i += 4) if (data[i + 3] > data[most + 3]) most = i
    const alpha = data[most + 3] / 255
    const mixed = [1, 3, 5].map((at, i) => Math.round(data[most + i] * alpha + parseInt(background.slice(at, at + 2), 16) * (1 - alpha)))
    return `#${mixed.map((part) => part.toString(16).padStart(2, '0')).join('')}`
  }

  /** Shows the painted picture moved and stretched to the present view, until `sharpen`. */
  stretch() {
    this.stop()
    // All strokes into the base, so that one image is the whole picture.
    if (this.based < this.painted.length) {
      const now = this.view
      this.view = this.paintedView
      this.toGrid(this.baseContext)
      this.paintRange(this.baseContext, this.painted, this.based, this.painted.length)
      this.based = this.painted.length
      this.view = now
    }
    const from = this.paintedView
    const grown = this.view.scale / from.scale
    const ratio = this.ratio || 1
    this.clear(this.context, this.canvas)
    this.context.setTransform(grown, 0, 0, grown, (this.view.x - from.x * grown) * ratio, (this.view.y - from.y * grown) * ratio)
    this.context.drawImage(this.base, 0, 0)
    this.clear(this.liveContext, this.live)
  }

  /** Paints anew for the present view. */
  sharpen() {
    this.rebuild(false)
  }
}

module.exports = { Painter, MAX_SIDE }
