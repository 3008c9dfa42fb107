// The colours, widths, tools and papers that a drawing offers.

/** @typedef {{ color: string, name: string }} Swatch */

/** From dark to light, then by hue. @type {Swatch[]} */
const COLORS = [
  { color: '#22211f', name: '墨黑' },
  { color: '#7a756d', name: '石墨' },
  { color: '#f7f4ec', name: '铅白' },
  { color: '#8a5a3b', name: '赭石' },
  { color: '#c8412f', name: '朱砂' },
  { color: '#e3b23c', name: '藤黄' },
  { color: '#5b8c4a', name: '竹青' },
  { color: '#3f8f86', name: '湖绿' },
  { color: '#4f8fba', name: '天青' },
  { color: '#2f4b7c', name: '黛蓝' },
  { color: '#8666a8', name: '丁香' },
  { color: '#d46a8c', name: '海棠' },
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
/** The least difference in lightness, of 255, at which two colours can be told apart. */
const LEAST_DIFFERENCE = 32

/** The colours beside the tools before any other was chosen. */
const SLOTS = ['#22211f', '#c8412f', '#2f4b7c']

/**
 * The colours beside the tools and in which order they were used. A colour keeps its place, so that a thumb finds
 * it again; a further one takes the place of the one that was used longest ago.
 * @typedef {{ slots: string[], used: string[] }} Recent `used`: the latest first
 * @param {Recent} recent
 * @param {string} color just chosen
 * @returns {Recent}
 */
function withRecent({ slots, used }, color) {
  const age = (/** @type {string} */ other) => (used.includes(other) ? used.indexOf(other) : used.length)
  const oldest = slots.reduce((a, b) => (age(b) >= age(a) ? b : a))
  const kept = slots.includes(color) ? slots : slots.map((other) => (other === oldest ? color : other))
  return { slots: kept, used: [color, ...used.filter((other) => other !== color && kept.includes(other))] }
}

/** @typedef {{ name: string, width: number, height: number }} Size grid units */

/**
 * The papers of a new drawing, each on the finest grid that the server's largest side of 8192 allows. A pen's width
 * counts in shares of the paper's width, so it is as wide on each. The heights differ, since they name the paper.
 * @type {Size[]}
 */
const SIZES = [
  { name: '标准', width: 6144, height: 8192 },
  { name: '长幅', width: 4590, height: 8160 },
  { name: '横幅', width: 8192, height: 6144 },
]

/**
 * @param {number} hue 0 to 360 @param {number} saturation 0 to 1 @param {number} light 0 to 1
 * @returns {string} `#rrggbb`
 */
function fromHsl(hue, saturation, light) {
  const chroma = saturation * Math.min(light, 1 - light)
  const part = (/** @type {number} */ n) => {
    const k = (n + hue / 30) % 12
    const value = light - chroma * Math.max(-1, Math.min(k - 3, 9 - k, 1))
    return Math.round(value * 255).toString(16).padStart(2, '0')
  }
  return `#${part(0)}${part(8)}${part(4)}`
}

/** @param {string} color `#rrggbb` @returns {[hue: number, saturation: number, light: number]} */
function toHsl(color) {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16) / 255)
  const most = Math.max(r, g, b)
  const least = Math.min(r, g, b)
  const light = (most + least) / 2
  const range = most - least
  if (range === 0) return [0, 0, light]
  const turn = most === r ? (g - b) / range : most === g ? (b - r) / range + 2 : (r - g) / range + 4
  return [(turn * 60 + 360) % 360, range / (1 - Math.abs(2 * light - 1)), light]
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

/** @param {string} color @param {string} paper */
function showsOn(color, paper) {
  return Math.abs(lightness(color) - lightness(paper)) >= LEAST_DIFFERENCE
}

/**
 * A colour that shows on a paper: the chosen one where it does, otherwise black or white.
 * @param {string} color @param {string} paper
 */
function visibleOn(color, paper) {
  if (showsOn(color, paper)) return color
  return lightness(paper) > 128 ? COLORS[0].color : WHITE
}

/**
 * Whether a change of the paper's colour makes strokes vanish that were to be seen before.
 * @param {import('./drawing').Stroke[]} strokes @param {string} before @param {string} after
 */
function losesStrokes(strokes, before, after) {
  return strokes.some(({ tool, color }) => tool !== 'eraser' && showsOn(color, before) && !showsOn(color, after))
}

module.exports = { COLORS, BACKGROUNDS, WIDTHS, ERASER_FACTOR, TOOLS, SLOTS, SIZES, withRecent, fromHsl, toHsl, nameOf, losesStrokes, visibleOn }
