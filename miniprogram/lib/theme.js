// The colours, widths and tools that a drawing offers, and whether the phone is light or dark.

/** @typedef {{ color: string, name: string }} Swatch */

/** @type {Swatch[]} */
const COLORS = [
  { color: '#22211f', name: '墨黑' },
  { color: '#7a756d', name: '石墨' },
  { color: '#2f4b7c', name: '黛蓝' },
  { color: '#4f8fba', name: '天青' },
  { color: '#3f8f86', name: '湖绿' },
  { color: '#5b8c4a', name: '竹青' },
  { color: '#e3b23c', name: '藤黄' },
  { color: '#f7f4ec', name: '铅白' },
  { color: '#c8412f', name: '朱砂' },
  { color: '#d46a8c', name: '海棠' },
  { color: '#8666a8', name: '丁香' },
  { color: '#8a5a3b', name: '赭石' },
]

/** @type {Swatch[]} */
const BACKGROUNDS = [
  { color: '#ffffff', name: '素白' },
  { color: '#faf5e9', name: '宣纸' },
  { color: '#f2e6cf', name: '米黄' },
  { color: '#e4edf2', name: '月白' },
  { color: '#e4ecdc', name: '豆绿' },
  { color: '#24282e', name: '夜色' },
]

/** Grid units, and what the widths are called. */
const WIDTHS = [
  { width: 10, name: '细' },
  { width: 24, name: '中' },
  { width: 52, name: '粗' },
  { width: 112, name: '特粗' },
]

/** An eraser of the same setting is wider: it is used in sweeps. */
const ERASER_FACTOR = 2

/** @type {{ tool: 'pen' | 'ink' | 'eraser', name: string }[]} */
const TOOLS = [
  { tool: 'pen', name: '画笔' },
  { tool: 'ink', name: '毛笔' },
  { tool: 'eraser', name: '橡皮' },
]

/** The white among the colours. */
const WHITE = '#f7f4ec'
/** What lies nearer together in lightness, of 255, can't be told apart. */
const LEAST_DIFFERENCE = 32

/** How many recent colours are offered. */
const RECENT = 6

/**
 * @param {string[]} recent the latest first
 * @param {string} color just used
 */
function withRecent(recent, color) {
  return [color, ...recent.filter((other) => other !== color)].slice(0, RECENT)
}

/** @param {string} color `#rrggbb` @returns {string} its name, or itself where it has none */
function nameOf(color) {
  const named = [...COLORS, ...BACKGROUNDS].find((swatch) => swatch.color === color)
  return named ? named.name : color
}

/** @param {string} color `#rrggbb` @returns {number} how light it is to the eye, 0 to 255 */
function lightness(color) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16))
  return 0.299 * red + 0.587 * green + 0.114 * blue
}

/**
 * A colour that shows on a paper: the chosen one where it does, otherwise black or white.
 * @param {string} color @param {string} paper
 */
function visibleOn(color, paper) {
  if (Math.abs(lightness(color) - lightness(paper)) >= LEAST_DIFFERENCE) return color
  return lightness(paper) > 128 ? COLORS[0].color : WHITE
}

/** @param {any} wx @returns {'light' | 'dark'} */
function systemTheme(wx) {
  const { theme } = wx.getAppBaseInfo()
  return theme === 'dark' ? 'dark' : 'light'
}

module.exports = { COLORS, BACKGROUNDS, WIDTHS, ERASER_FACTOR, TOOLS, RECENT, withRecent, nameOf, visibleOn, systemTheme }
