// The pen of the draw page: tool, colour, width and the colours beside the tools. It outlives the app.

const theme = require('../../lib/theme')

/** The storage key of the pen. */
const PEN = 'yibi.pen'
/** The storage key of the paper that was chosen last for a new drawing. */
const SIZE = 'yibi.paper'

/** The storage key that says that the gestures were told. */
const COACHED = 'yibi.coached'

/** @returns {object} the page's data of the stored pen */
function loadPen() {
  const { tool, color, width, slots = theme.SLOTS, used = [] } = wx.getStorageSync(PEN) || {}
  return { slots, used, ...(tool ? { tool, color, width } : {}) }
}

/** @param {Record<string, any>} data the draw page's */
function keepPen({ tool, color, width, slots, used }) {
  try {
    wx.setStorageSync(PEN, { tool, color, width, slots, used })
  } catch {
    // The next start then offers the default pen.
  }
}

/** @returns {import('../../lib/theme').Size | undefined} the size of the next new paper */
function loadSize() {
  return theme.SIZES.find(({ name }) => name === wx.getStorageSync(SIZE))
}

/** @param {import('../../lib/theme').Size} size */
function keepSize({ name }) {
  try {
    wx.setStorageSync(SIZE, name)
  } catch {
    // The next new paper then has the default size.
  }
}

/** @returns {boolean} whether the gestures were told on this phone */
function isCoached() {
  return Boolean(wx.getStorageSync(COACHED))
}

function keepCoached() {
  try {
    wx.setStorageSync(COACHED, true)
  } catch {
    // The next start then tells them once more.
  }
}

module.exports = { isCoached, keepCoached, loadPen, keepPen, loadSize, keepSize }
