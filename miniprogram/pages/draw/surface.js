// The paper of the draw page: its canvases, the recorder of touches and the gauge.

const { Gauge, canvases, fit, measureStage } = require('../../lib/easel')
const { Painter } = require('../../lib/painter')
const { oneStrokeLength, penOn } = require('../../lib/pen')
const { Recorder } = require('../../lib/recorder')

/** The share of the ink below which the gauge warns. */
const LOW = 0.15
/** The colour of the gauge while it warns. */
const LOW_COLOR = '#c8412f'
/** The share of the ink below which the one stroke was a slip of the finger. */
const SLIP = 0.05
/** Milliseconds after the opening from another page in which nothing is drawn. */
const SETTLES = 300
/** CSS px beside the gauge for its label. */
const LABEL = 24

/**
 * The draw page as this module uses it.
 * @typedef {any} DrawPage
 */

/**
 * Fits the paper to the stage, and makes the canvases at the first call.
 * @param {DrawPage} page
 */
async function layOut(page) {
  const stage = await measureStage(page)
  if (!stage || !stage.height) return
  const oneStroke = page.data.mode === 'one_stroke'
  const size = fit(stage, page.drawing, oneStroke)
  const { view } = page
  if (page.painter && size.width === view.width && size.height === view.height && oneStroke === Boolean(page.gauge)) return
  await new Promise((resolve) => page.setData({ boxWidth: size.width, boxHeight: size.height }, () => resolve(undefined)))
  const { pixelRatio } = wx.getWindowInfo()
  const [settled, live, gauge] = await canvases(page, ['settled', 'live', ...(oneStroke ? ['gauge'] : [])])
  if (!settled || !live) return
  view.resize(size.width, size.height, page.drawing)
  if (!page.painter) {
    const offScreen = () => wx.createOffscreenCanvas({ type: '2d', width: 1, height: 1 })
    page.painter = new Painter({ canvas: settled, live, offScreen, view, pixelRatio })
  }
  page.painter.wanted = page.drawing.picture.strokes
  // The glimpse lies above the canvas and gives way to the whole picture at once.
  page.painter.resize(!page.data.glimpse)
  page.gauge = gauge ? new Gauge(gauge, size.width - LABEL, pixelRatio) : null
  showGauge(page)
  if (!page.opening) page.repaint()
}

/** @param {DrawPage} page @returns {number} the share of the ink that is left */
function inkLeft(page) {
  return 1 - page.recorder.length / oneStrokeLength(page.drawing, page.services.limits.now)
}

/** @param {DrawPage} page */
function showGauge(page) {
  if (!page.gauge) return
  const left = inkLeft(page)
  const low = left < LOW && !page.data.done
  page.gauge.show(page.data.done ? 0 : left, low ? LOW_COLOR : page.data.color)
  // One change of the page in the whole stroke; the gauge itself is painted.
  if (low !== page.data.low) {
    page.setData({ low })
    if (low) wx.vibrateShort({ type: 'light', fail: () => {} })
  }
}

/** Whether the stroke that was just recorded is too short to be meant. @param {DrawPage} page */
function isSlip(page) {
  return page.data.mode === 'one_stroke' && inkLeft(page) > 1 - SLIP
}

/** Takes back the stroke that is being drawn. @param {DrawPage} page */
function withdraw(page) {
  page.painter.withdraw()
  page.recorder.length = 0
  showGauge(page)
  page.repaint()
  page.lifted()
}

/** @param {DrawPage} page */
function showZoom(page) {
  const { zoom } = page.view
  page.setChanged({ zoom: zoom > 1.01 ? `${zoom.toFixed(1)}x` : '' })
}

/** Shows the whole paper again. @param {DrawPage} page */
function resetZoom(page) {
  page.view.reset()
  page.painter.sharpen()
  showZoom(page)
}

/** @param {DrawPage} page */
function makeRecorder(page) {
  const { limits } = page.services
  return new Recorder({
    pen: () => penOn(wx, page.data, page.drawing, limits.now),
    toGrid: (x, y) => page.view.toGrid(x, y),
    bounds: () => {
      const { coordinate_factor: factor } = limits.now
      return { x: page.drawing.width * factor, y: page.drawing.height * factor }
    },
    at: () => page.drawing.at(Date.now()),
    calls: {
      begin: (stroke) => {
        if (page.drawing.seq === 0) page.drawing.began = Date.now() - stroke.at
        page.painter.begin(stroke)
        if (page.data.hint) page.setData({ hint: '' })
      },
      extend: () => {
        page.painter.extend()
        if (page.gauge) showGauge(page)
      },
      end: (stroke) => page.finish(stroke),
      withdraw: () => withdraw(page),
      // The glimpse does not zoom, so the paper stays as it is until the glimpse is gone.
      pinch: (pinch) => {
        if (page.data.glimpse) return
        page.view.pinch(pinch)
        page.painter.stretch()
      },
      pinchEnd: () => {
        if (page.data.glimpse) return
        page.painter.sharpen()
        showZoom(page)
      },
      hold: (place) => {
        page.chooseColor({ detail: { color: page.painter.colorAt(place, page.data.background) } })
        wx.vibrateShort({ type: 'light', fail: () => {} })
      },
      twoFingerTap: () => page.undo(),
      twoFingerDoubleTap: () => resetZoom(page),
    },
  })
}

/** @param {DrawPage} page @param {any} event */
function touchStart(page, event) {
  if (!page.painter || page.data.done || page.opening) return
  // The second tap of a double tap on a card is no dot.
  if (page.data.nested && Date.now() - page.openedAt < SETTLES) return
  const { points_per_stroke: points, actions_per_drawing: actions } = page.services.limits.now
  const { drawing, recorder } = page
  if (recorder.phase === 'idle') {
    const full = (drawing.whole ? drawing.actions.length : drawing.seq) >= actions
    // There is nothing to erase from yet.
    const early = page.data.tool === 'eraser' && !drawing.whole
    if (full || early) {
      wx.showToast({ title: full ? '这幅画画满了，新画一幅吧' : '画还在路上，稍等再擦', icon: 'none' })
      return
    }
  }
  recorder.maxPoints = points
  recorder.start(event)
}

module.exports = { layOut, makeRecorder, resetZoom, showGauge, showZoom, isSlip, touchStart, withdraw }
