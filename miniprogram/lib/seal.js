// The seal in saved and shared pictures: the user's nickname, or 一笔画成 on a one-stroke drawing.

/** The storage key of the user's choice. */
const KEY = 'yibi.seal'
const VERMILION = '#ad3a29'
const PAPER = '#fffaf4'
const FONT = '"Songti SC", "Noto Serif CJK SC", "Source Han Serif SC", serif'
/** Most characters of a seal. */
const MOST = 8
/** The share of the paper's shorter side that one character takes. */
const CHARACTER = 0.052

/** @param {any} wx @returns {boolean} whether pictures get a seal; not unless the user chose so */
function sealWanted(wx) {
  return wx.getStorageSync(KEY) === true
}

/** @param {any} wx @param {boolean} wanted */
function wantSeal(wx, wanted) {
  wx.setStorageSync(KEY, wanted)
}

/**
 * @param {{ nickname: string } | null} user @param {{ mode: string }} drawing
 * @returns {string} empty where there is nothing to seal with
 */
function sealText(user, drawing) {
  const name = Array.from(((user && user.nickname) || '').trim()).slice(0, MOST).join('')
  return name || (drawing.mode === 'one_stroke' ? '一笔画成' : '')
}

/**
 * The places of the characters. Chinese is carved in columns from the right, at most three in one and otherwise
 * two columns; other names stand in a line.
 * @param {string} text
 * @returns {{ columns: number, rows: number, cells: { character: string, column: number, row: number }[] }} or one
 *   cell with the whole text
 */
function layOut(text) {
  const characters = Array.from(text)
  if (!characters.every((character) => /[\u3400-\u9fff]/.test(character))) {
    return { columns: Math.max(1.4, characters.length * 0.62), rows: 1, cells: [{ character: text, column: 0, row: 0 }] }
  }
  const rows = characters.length <= 3 ? characters.length : Math.ceil(characters.length / 2)
  const columns = Math.ceil(characters.length / rows)
  const cells = characters.map((character, i) => ({ character, column: columns - 1 - Math.floor(i / rows), row: i % rows }))
  return { columns, rows, cells }
}

/**
 * Paints the seal into the lower right corner of a paper.
 * @param {any} context
 * @param {string} text not empty
 * @param {{ x: number, y: number, width: number, height: number }} paper pixels
 */
function paintSeal(context, text, paper) {
  const cell = Math.min(paper.width, paper.height) * CHARACTER
  const pad = cell * 0.34
  const { columns, rows, cells } = layOut(text)
  const width = columns * cell + 2 * pad
  const height = rows * cell + 2 * pad
  const left = paper.x + paper.width - width - cell
  const top = paper.y + paper.height - height - cell
  context.save()
  context.setTransform(1, 0, 0, 1, 0, 0)
  context.fillStyle = VERMILION
  round(context, left, top, width, height, cell * 0.2)
  context.fill()
  context.strokeStyle = PAPER
  context.lineWidth = Math.max(1, cell * 0.045)
  round(context, left + pad * 0.42, top + pad * 0.42, width - pad * 0.84, height - pad * 0.84, cell * 0.12)
  context.stroke()
  context.fillStyle = PAPER
  context.font = `700 ${Math.round(cell * 0.94)}px ${FONT}`
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  const inLine = cells.length === 1 && rows === 1
  for (const { character, column, row } of cells) {
    const x = left + pad + (inLine ? (columns * cell) / 2 : (column + 0.5) * cell)
    context.fillText(character, x, top + pad + (row + 0.5) * cell, columns * cell)
  }
  context.restore()
}

/**
 * A path around a rectangle with round corners; roundRect is missing on older phones.
 * @param {any} context @param {number} x @param {number} y @param {number} width @param {number} height
 * @param {number} radius
 */
function round(context, x, y, width, height, radius) {
  context.beginPath()
  context.moveTo(x + radius, y)
  context.arcTo(x + width, y, x + width, y + height, radius)
  context.arcTo(x + width, y + height, x, y + height, radius)
  context.arcTo(x, y + height, x, y, radius)
  context.arcTo(x, y, x + width, y, radius)
  context.closePath()
}

module.exports = { sealWanted, wantSeal, sealText, layOut, paintSeal }
