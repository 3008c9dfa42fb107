/**
 * Code of the page: draws a drawing on a canvas, as the phone does, and compares pixels.
 * `geometry` is the mini-program's `lib/geometry.js`.
 */
'use strict'

/**
 * The picture as the phone composes it: strokes on a transparent layer, which lies on the paper's colour.
 *
 * @param {{ width: number, height: number, actions: any[] }} drawing strokes and backgrounds only
 * @param {number} width
 * @param {number} height
 * @param {number} scale
 */
function drawnOnCanvas(drawing, width, height, scale) {
  const layer = context(width, height)
  layer.setTransform(scale, 0, 0, scale, 0, 0)
  let background = '#ffffff'
  for (const action of drawing.actions) {
    if (action.type === 'background') {
      background = action.color
    } else if (action.type === 'stroke') {
      geometry.paint(layer, action, geometry.unitOf(drawing))
    } else {
      throw new Error(`this comparison does not fold: ${action.type}`)
    }
  }
  const picture = context(width, height)
  picture.fillStyle = background
  picture.fillRect(0, 0, width, height)
  picture.drawImage(layer.canvas, 0, 0)
  return picture
}

/** @param {string} url of an image, decoded as the browser does */
async function decoded(url) {
  const image = new Image()
  image.src = url
  await image.decode()
  const picture = context(image.width, image.height)
  picture.drawImage(image, 0, 0)
  return picture
}

function context(width, height) {
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = height
  return canvas.getContext('2d', { willReadFrequently: true })
}

/**
 * The share of pixels, in percent, of which any channel differs by more than 16 and 64 of 255, and a picture
 * of the differences (white where there is none) as a data URL.
 */
function difference(a, b) {
  const { width, height } = a.canvas
  if (b.canvas.width !== width || b.canvas.height !== height) {
    throw new Error(`${width} x ${height} beside ${b.canvas.width} x ${b.canvas.height}`)
  }
  const [one, other] = [a, b].map((picture) => picture.getImageData(0, 0, width, height).data)
  const counts = { over16: 0, over64: 0 }
  const map = context(width, height)
  const pixels = map.createImageData(width, height)
  pixels.data.fill(255)
  for (let i = 0; i < one.length; i += 4) {
    let most = 0
    for (let channel = i; channel < i + 4; channel += 1) {
      most = Math.max(most, Math.abs(one[channel] - other[channel]))
    }
    counts.over16 += most > 16
    counts.over64 += most > 64
    pixels.data[i + 1] = pixels.data[i + 2] = 255 - Math.min(255, most * 3)
  }
  map.putImageData(pixels, 0, 0)
  const percent = (count) => (100 * count) / (width * height)
  return { over16: percent(counts.over16), over64: percent(counts.over64), map: map.canvas.toDataURL() }
}

/** Compares the canvas with the server's picture; the pictures themselves come along when `show` is set. */
async function compare(drawing, url, show) {
  const server = await decoded(url)
  const { width, height } = server.canvas
  const scale = Math.max(width, height) / Math.max(drawing.width, drawing.height)
  const canvas = drawnOnCanvas(drawing, width, height, scale)
  const { over16, over64, map } = difference(canvas, server)
  return show ? { over16, over64, map, canvas: canvas.canvas.toDataURL() } : { over16, over64 }
}
