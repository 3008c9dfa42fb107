// The canvases of a page that shows a paper: finding and fitting them, and the gauge of the one-stroke mode.

/** CSS px kept free beside the paper. */
const MARGIN = 14
/** CSS px that the gauge takes above the paper. */
const GAUGE = 20

/**
 * The largest paper that fits, with its proportions.
 * @param {{ width: number, height: number }} stage CSS px
 * @param {{ width: number, height: number }} paper grid units
 * @param {boolean} gauge
 */
function fit(stage, paper, gauge) {
  const width = Math.min(stage.width - 2 * MARGIN, 1365)
  const height = Math.min(stage.height - 8 - (gauge ? GAUGE : 0), 1365)
  const scale = Math.min(width / paper.width, height / paper.height)
  return { width: Math.floor(paper.width * scale), height: Math.floor(paper.height * scale) }
}

/** @param {any} page @returns {Promise<{ width: number, height: number }>} CSS px */
function measureStage(page) {
  return new Promise((resolve) => {
    page.createSelectorQuery().select('#stage').boundingClientRect().exec((/** @type {any[]} */ [box]) => resolve(box))
  })
}

/** @param {any} page @param {string[]} ids @returns {Promise<any[]>} canvas nodes */
function canvases(page, ids) {
  const query = page.createSelectorQuery()
  for (const id of ids) query.select(`#${id}`).fields({ node: true, size: true })
  return new Promise((resolve) => { query.exec((/** @type {any[]} */ found) => resolve(found.map((one) => one && one.node))) })
}

/** A line of ink that runs down while the one stroke is drawn; painted, so that drawing needs no setData. */
class Gauge {
  /** @param {any} canvas @param {number} width CSS px @param {number} ratio */
  constructor(canvas, width, ratio) {
    this.canvas = canvas
    canvas.width = Math.round(width * ratio)
    canvas.height = Math.round(10 * ratio)
    this.context = canvas.getContext('2d')
    this.ratio = ratio
    this.width = width
  }

  /** @param {number} left 0 to 1 @param {string} color */
  show(left, color) {
    const { context, ratio, width } = this
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    context.clearRect(0, 0, width, 10)
    context.lineCap = 'round'
    const line = (/** @type {number} */ to, /** @type {string} */ style, /** @type {number} */ thick) => {
      context.lineWidth = thick
      context.strokeStyle = style
      context.beginPath()
      context.moveTo(5, 5)
      context.lineTo(Math.max(5.01, to), 5)
      context.stroke()
    }
    // A light bed in both themes, as the swatches have: black ink shows on a dark desk too.
    line(width - 5, 'rgba(214, 204, 186, 0.7)', 9)
    if (left > 0) line(5 + (width - 10) * left, color, 5)
  }
}

module.exports = { Gauge, canvases, fit, measureStage }
