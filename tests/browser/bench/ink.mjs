// Smoothness of the ink: circles and straight lines drawn through the real page by touch and by mouse, and read back
// from its canvas. `--peers` compares perfect-freehand and signature_pad on the same points; `--rough` turns the switch
// 稳 off. YIBI_SCREENSHOTS=folder keeps pictures.

import { createRequire } from 'node:module'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Phone, Server, startBrowser } from '../harness.mjs'
import { circleRow, figures, lineRow } from './figures.mjs'

const here = dirname(fileURLToPath(import.meta.url))
/** CSS px. */
const RADIUS = 90
const LENGTH = 250
/** The direction of the straight line, not parallel to the pixel grid. */
const SLOPE = (17 * Math.PI) / 180
/** Milliseconds between two events. */
const EVERY = 16
/** Number of rays of the circle, and the excluded part at the seam in radians. */
const RAYS = 665
const SEAM = 0.12
const RATIO = 2
const DESKTOP = { isMobile: false, hasTouch: false, viewport: { width: 390, height: 844 } }

const CIRCLES = [
  ['touch, fractional, 48 points', 48, {}],
  ['touch, fractional, 240 points', 240, {}],
  ['the same, noise of sd 0.35 px', 240, { noise: 0.35 }],
  ['mouse, integer, 48 points', 48, { mouse: true }],
  ['mouse, integer, 240 points', 240, { mouse: true }],
  ['mouse, integer, 560 points', 560, { mouse: true }],
]

/** Pseudo-random numbers with the standard deviation 1, the same in each run. */
function noise(seed) {
  let state = seed
  const next = () => {
    state = (state * 1664525 + 1013904223) % 4294967296
    return (state + 0.5) / 4294967296
  }
  return () => Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next())
}

function circle(middle, count, how) {
  const random = noise(7)
  return Array.from({ length: count + 1 }, (_, i) => {
    const angle = (i / count) * 2 * Math.PI
    const place = [middle.x + RADIUS * Math.cos(angle), middle.y + RADIUS * Math.sin(angle)]
    return place.map((value) => (how.mouse ? Math.round(value) : value + (how.noise ?? 0) * random()))
  })
}

/** Draws with a finger or a mouse, event by event. @param {Phone} phone @param {number[][]} places */
async function draw(phone, places, mouse) {
  if (!mouse) {
    await phone.send('touchStart', [places[0]])
    for (const place of places.slice(1)) await phone.send('touchMove', [place], EVERY)
    await phone.send('touchEnd', [], EVERY)
    return
  }
  const start = Date.now() / 1000
  const send = (type, [x, y], i) => phone.touch.send('Input.dispatchMouseEvent', { type, x, y, button: 'left', buttons: 1, clickCount: 1, timestamp: start + (i * EVERY) / 1000 })
  await send('mousePressed', places[0], 0)
  for (const [i, place] of places.slice(1).entries()) await send('mouseMoved', place, i + 1)
  await send('mouseReleased', places.at(-1), places.length)
}

const page = (phone, run, data) => phone.page.evaluate(run, data)

/** Opens a new paper at a zoom. */
async function fresh(phone, { steady = true, zoom = 1, width }) {
  await page(phone, async (how) => {
    window.wx.setStorageSync('yibi.steady', how.steady ? 'on' : 'off')
    const top = window.getCurrentPages().at(-1)
    top.newDrawing()
    if (how.width) top.setPen({ width: how.width })
    top.view.reset()
    top.view.pinch({ factor: how.zoom, x: top.view.width / 2, y: top.view.height / 2, dx: 0, dy: 0 })
    top.painter.sharpen()
    await top.painter.settled()
  }, { steady, zoom, width })
}

async function measured(phone, stations, rows, step) {
  await page(phone, async () => {
    const top = window.getCurrentPages().at(-1)
    for (let i = 0; i < 100 && top.drawing.picture.strokes.length === 0; i += 1) await new Promise((done) => { requestAnimationFrame(done) })
    await top.painter.settled()
  })
  const middles = await page(phone, ([places, ratio]) => window.middles(window.getCurrentPages().at(-1).painter.canvas, ratio, places, 7), [stations, RATIO])
  return figures(middles, rows, step)
}

const show = ({ rms, max, tangent }) => `${rms.toFixed(3)} / ${max.toFixed(2)} / ${tangent.toFixed(1)}`

function rays(middle) {
  const angles = Array.from({ length: RAYS }, (_, i) => SEAM + ((2 * Math.PI - 2 * SEAM) * i) / (RAYS - 1))
  const stations = angles.map((angle) => ({ x: middle.x + RADIUS * Math.cos(angle), y: middle.y + RADIUS * Math.sin(angle), nx: Math.cos(angle), ny: Math.sin(angle) }))
  return { stations, rows: angles.map(circleRow), step: RADIUS * (angles[1] - angles[0]) }
}

/** @param {{ touch: Phone, mouse: Phone }} phones */
async function circles(phones, { peers, rough }) {
  const columns = ['yibi', ...(rough ? ['yibi, 稳 off'] : []), ...(peers ? ['perfect-freehand', 'signature_pad'] : [])]
  const table = [['circle: jitter rms px / max px / tangent °', ...columns]]
  for (const [name, count, how] of CIRCLES) {
    const phone = how.mouse ? phones.mouse : phones.touch
    const { x, y, width, height } = await phone.paper()
    const middle = { x: width / 2 + 0.3, y: height / 2 + 0.7 }
    const places = circle({ x: x + middle.x, y: y + middle.y }, count, how)
    const { stations, rows, step } = rays(middle)
    const row = [name]
    for (const steady of rough ? [true, false] : [true]) {
      await fresh(phone, { steady })
      await draw(phone, places, how.mouse)
      row.push(show(await measured(phone, stations, rows, step)))
      if (steady) await phone.screenshot(`circle-${count}-${how.mouse ? 'mouse' : how.noise ? 'tremor' : 'touch'}`)
    }
    if (peers) {
      const points = places.map(([px, py], i) => ({ x: px - x, y: py - y, time: i * EVERY }))
      for (const peer of ['perfect-freehand', 'signature_pad']) {
        const middles = await page(phone, ([of, list, ratio, at]) => window.middles(window.peers[of](list, 4.1, ratio), ratio, at, 7), [peer, points, RATIO, stations])
        row.push(show(figures(middles, rows, step)))
      }
    }
    table.push(row)
  }
  return table
}

/** @param {Phone} phone */
async function lines(phone, { rough }) {
  const table = [['straight line, 细: rms px / max px / tangent °', '30 points', '250 points', ...(rough ? ['30, 稳 off', '250, 稳 off'] : [])]]
  for (const zoom of [1, 2, 4, 8]) {
    const row = []
    for (const steady of rough ? [true, false] : [true]) {
      for (const count of [30, 250]) {
        const { x, y, width, height } = await phone.paper()
        const start = { x: width / 2 - (LENGTH / 2) * Math.cos(SLOPE), y: height / 2 - (LENGTH / 2) * Math.sin(SLOPE) }
        const at = (way) => ({ x: start.x + way * Math.cos(SLOPE), y: start.y + way * Math.sin(SLOPE) })
        await fresh(phone, { steady, zoom, width: 10 / zoom < 2 ? 2 : Math.round(10 / zoom) })
        const places = Array.from({ length: count + 1 }, (_, i) => at((LENGTH * i) / count)).map((place) => [x + place.x, y + place.y])
        await draw(phone, places, false)
        const ways = Array.from({ length: 461 }, (_, i) => 10 + i * 0.5)
        const stations = ways.map((way) => ({ ...at(way), nx: -Math.sin(SLOPE), ny: Math.cos(SLOPE) }))
        row.push(show(await measured(phone, stations, ways.map(lineRow), 0.5)))
      }
    }
    const unit = await page(phone, () => window.getCurrentPages().at(-1).view.scale)
    table.push([`zoom ${zoom} (one grid unit ${unit.toFixed(2)} px)`, ...row])
    await phone.screenshot(`line-${zoom}x`)
  }
  return table
}

/** Draws a signature and a spiral by mouse for visual inspection. @param {Phone} phone */
async function pictures(phone) {
  const { x, y, width, height } = await phone.paper()
  const at = (shareX, shareY) => [Math.round(x + width * shareX), Math.round(y + height * shareY)]
  await fresh(phone, {})
  await draw(phone, Array.from({ length: 700 }, (_, i) => at(0.5 + (i / 1700) * Math.cos(i / 22), 0.5 + (i / 2200) * Math.sin(i / 22))), true)
  await phone.screenshot('spiral-mouse')
  await fresh(phone, {})
  for (const tool of ['pen', 'ink']) {
    await page(phone, (chosen) => window.getCurrentPages().at(-1).setPen({ tool: chosen }), tool)
    const low = tool === 'pen' ? 0.3 : 0.6
    await draw(phone, Array.from({ length: 260 }, (_, i) => at(0.1 + i * 0.003 + 0.03 * Math.cos(i / 6), low + 0.07 * Math.sin(i / 6) * (1 + Math.sin(i / 31)))), true)
  }
  await phone.screenshot('signature-mouse')
  await page(phone, () => window.getCurrentPages().at(-1).setPen({ tool: 'pen' }))
}

function print(table) {
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => [...row[column]].length)))
  for (const row of table) console.log(row.map((cell, i) => cell.padEnd(widths[i])).join('  '))
  console.log()
}

/** The scripts of the bench and of the peers for the page. */
function scripts(peers) {
  if (!peers) return [readFileSync(join(here, 'page.js'), 'utf8')]
  const esbuild = createRequire(join(here, '../../../miniprogram/package.json'))('esbuild')
  const contents = 'import { getStroke } from "perfect-freehand"\nimport SignaturePad from "signature_pad"\nObject.assign(window, { getStroke, SignaturePad })'
  const { outputFiles } = esbuild.buildSync({ stdin: { contents, resolveDir: here }, bundle: true, write: false, format: 'iife' })
  return [outputFiles[0].text, readFileSync(join(here, 'page.js'), 'utf8')]
}

const flags = process.argv.slice(2)
const wanted = { peers: flags.includes('--peers'), rough: flags.includes('--rough') }
const server = await Server.start()
const browser = await startBrowser()
try {
  const phones = { touch: await Phone.open(browser, server, 'ink'), mouse: await Phone.open(browser, server, 'mouse', DESKTOP) }
  for (const phone of Object.values(phones)) for (const script of scripts(wanted.peers)) await phone.page.addScriptTag({ content: script })
  const tables = [await circles(phones, wanted), await lines(phones.touch, wanted)]
  await pictures(phones.mouse)
  tables.forEach(print)
  if (process.env.YIBI_BENCH_JSON) writeFileSync(process.env.YIBI_BENCH_JSON, JSON.stringify(tables))
} finally {
  await browser.close()
  await server.stop()
}
