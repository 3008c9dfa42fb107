// Runs in the page of the bench: measures a line on a canvas, and draws the peers' lines on a separate canvas.

/** Distance between two samples along a profile, pixels. */
const STEP = 0.1

/**
 * The line's middle beside each station: the mean of both edges by half coverage, measured along the normal.
 * @param {HTMLCanvasElement} canvas @param {number} ratio pixels per CSS px
 * @param {{ x: number, y: number, nx: number, ny: number }[]} stations CSS px and a unit vector
 * @param {number} reach CSS px to both sides
 * @returns {(number | null)[]} CSS px along the normal
 */
window.middles = function middles(canvas, ratio, stations, reach) {
  const { width, height } = canvas
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height)
  const alpha = (x, y) => (x < 0 || y < 0 || x >= width || y >= height ? 0 : data[(y * width + x) * 4 + 3] / 255)
  const cover = (x, y) => {
    const [px, py] = [x - 0.5, y - 0.5]
    const [ix, iy] = [Math.floor(px), Math.floor(py)]
    const [fx, fy] = [px - ix, py - iy]
    return (alpha(ix, iy) * (1 - fx) + alpha(ix + 1, iy) * fx) * (1 - fy) + (alpha(ix, iy + 1) * (1 - fx) + alpha(ix + 1, iy + 1) * fx) * fy
  }
  return stations.map(({ x, y, nx, ny }) => {
    const edges = []
    let before = 0
    for (let at = -reach * ratio; at <= reach * ratio; at += STEP) {
      const now = cover(x * ratio + nx * at, y * ratio + ny * at)
      if ((before < 0.5) !== (now < 0.5)) edges.push(at - STEP + (STEP * (0.5 - before)) / (now - before))
      before = now
    }
    return edges.length === 2 ? (edges[0] + edges[1]) / 2 / ratio : null
  })
}

/** A canvas of the phone's size. */
function sheet(ratio) {
  const canvas = document.createElement('canvas')
  canvas.width = 390 * ratio
  canvas.height = 844 * ratio
  return canvas
}

/** The peers' lines through the same points. */
window.peers = {
  'perfect-freehand': (points, width, ratio) => {
    const canvas = sheet(ratio)
    const context = canvas.getContext('2d')
    context.scale(ratio, ratio)
    const outline = window.getStroke(points.map(({ x, y }) => [x, y]), { size: width, thinning: 0, streamline: 0.5, smoothing: 0.5, simulatePressure: false, last: true })
    const path = new Path2D()
    outline.forEach(([x, y], i) => {
      const [nextX, nextY] = outline[(i + 1) % outline.length]
      if (i === 0) path.moveTo((x + nextX) / 2, (y + nextY) / 2)
      else path.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2)
    })
    context.fill(path)
    return canvas
  },
  'signature_pad': (points, width, ratio) => {
    const canvas = sheet(ratio)
    canvas.getContext('2d').scale(ratio, ratio)
    const pad = new window.SignaturePad(canvas, { minWidth: width / 2, maxWidth: width / 2, minDistance: 5, throttle: 0 })
    const kept = [...points]
    for (let i = 1; i < kept.length;) {
      if (Math.hypot(kept[i].x - kept[i - 1].x, kept[i].y - kept[i - 1].y) < 5 && i < kept.length - 1) kept.splice(i, 1)
      else i += 1
    }
    pad.fromData([{ penColor: 'black', dotSize: 0, minWidth: width / 2, maxWidth: width / 2, velocityFilterWeight: 0.7, points: kept.map(({ x, y, time }) => ({ x, y, time, pressure: 0 })) }], { clear: false })
    return canvas
  },
}
