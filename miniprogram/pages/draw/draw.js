const { Painter } = require('../../lib/painter')
const { Recorder } = require('../../lib/recorder')
const theme = require('../../lib/theme')
const { View } = require('../../lib/view')
const { STATE_WORDS } = require('../../lib/words')
const { Gauge, canvases, fit, measureStage } = require('../../lib/easel')

/** The storage key of tool, colour, width and recent colours. */
const PEN = 'yibi.pen'
/** The longest way of one stroke, where the server has not said otherwise. */
const ONE_STROKE_LENGTH = 8_192
/** How much of the grid a coordinate may lie outside, as the server checks it. */
const BOUND = 4

Page({
  data: {
    tools: theme.TOOLS,
    colors: theme.COLORS,
    backgrounds: theme.BACKGROUNDS,
    widths: theme.WIDTHS.map((width, i) => ({ ...width, shown: [5, 9, 15, 23][i] })),
    tool: 'pen',
    color: theme.COLORS[0].color,
    colorName: theme.COLORS[0].name,
    width: theme.WIDTHS[1].width,
    recent: [],
    background: '#ffffff',
    mode: 'free',
    done: false,
    drawn: false,
    canUndo: false,
    canRedo: false,
    state: 'saved',
    stateText: '',
    hint: '',
    panel: '',
    seal: false,
    boxWidth: 0,
    boxHeight: 0,
  },

  onLoad({ id, mode }) {
    this.services = getApp()
    this.view = new View()
    this.oneStrokeLength = ONE_STROKE_LENGTH
    this.recorder = this.makeRecorder()
    const pen = wx.getStorageSync(PEN)
    if (pen) this.setData({ ...pen, colorName: theme.nameOf(pen.color) })
    this.stopListening = [
      this.services.saver.onStatus((changed) => { if (changed === this.drawing.id) this.showState() }),
      this.services.saver.onRebase((changed) => { if (changed === this.drawing.id && this.recorder.phase !== 'stroke') this.repaint() }),
    ]
    const { studio } = this.services
    this.drawing = studio.blank(mode === 'one_stroke' ? 'one_stroke' : 'free')
    if (id) void this.open(id)
    else if (mode !== undefined) this.use(this.drawing)
    else this.use(studio.last() || this.drawing)
  },

  onReady() {
    void this.layOut()
  },

  onUnload() {
    for (const stop of this.stopListening) stop()
    this.recorder.cancel({})
    void this.services.saver.flush(this.drawing)
  },

  onHide() {
    this.recorder.cancel({})
  },

  onResize() {
    void this.layOut()
  },

  onShareAppMessage() {
    const title = this.drawing.title || '我画了一幅画，给你看'
    const path = '/pages/draw/draw'
    if (this.drawing.isEmpty) return { title, path }
    const promise = this.selectComponent('#picture')
      .paint(this.drawing, { width: 800, card: true })
      .then((imageUrl) => ({ title, path, imageUrl }))
    return { title, path, promise }
  },

  // ---- the drawing on the paper

  async open(id) {
    const { studio, saver } = this.services
    try {
      const drawing = await studio.open(id)
      this.use(drawing)
      if (drawing.acked > 0) void saver.refresh(drawing).catch((error) => this.refreshFailed(error))
    } catch (error) {
      this.selectComponent('#fault').tell(error, { label: '再试一次', run: () => void this.open(id) })
    }
  },

  refreshFailed(error) {
    if (error.kind === 'deleted' || error.kind === 'missing') {
      const { saver } = this.services
      saver.set(this.drawing.id, error.kind === 'deleted' ? 'deleted' : 'gone', error)
      this.setData({ panel: 'deleted' })
    }
  },

  /** @param {import('../../lib/drawing').Drawing} drawing */
  use(drawing) {
    this.drawing = drawing
    this.services.studio.remember(drawing.seq > 0 ? drawing.id : '')
    this.view.reset()
    this.recorder.length = 0
    this.setData({ mode: drawing.mode, seal: false, panel: '' })
    this.repaint()
    this.showState()
    this.showGauge()
    void this.layOut()
  },

  /** @param {import('../../lib/drawing').Action} action */
  add(action) {
    this.services.studio.add(this.drawing, action)
    this.repaint()
  },

  /** Shows the drawing as it is now. Never called while a finger draws. */
  repaint() {
    const { drawing } = this
    const { picture } = drawing
    if (this.painter) this.painter.show(picture.strokes)
    this.setChanged({
      background: picture.background,
      canUndo: drawing.canUndo,
      canRedo: drawing.canRedo,
      drawn: !drawing.isEmpty,
      done: drawing.mode === 'one_stroke' && !drawing.isEmpty,
      hint: drawing.seq > 0 ? '' : (drawing.mode === 'one_stroke' ? '一笔，画到底' : '在这里画'),
    })
  },

  /** setData of what differs only. @param {Record<string, any>} data */
  setChanged(data) {
    /** @type {Record<string, any>} */
    const changed = {}
    for (const key of Object.keys(data)) if (this.data[key] !== data[key]) changed[key] = data[key]
    if (Object.keys(changed).length) this.setData(changed)
  },

  showState() {
    // A status that comes in while a finger draws is shown when it is lifted.
    if (this.recorder.phase === 'stroke') {
      this.stateIsOld = true
      return
    }
    this.stateIsOld = false
    const { drawing } = this
    const known = this.services.saver.status(drawing.id).state
    const state = known === 'saved' && drawing.pendingCount > 0 ? 'saving' : known
    const empty = drawing.seq === 0
    const full = this.services.studio.storageFull && drawing.pendingCount > 0
    const text = full ? '手机存储已满，正在上传' : STATE_WORDS[state]
    this.setChanged({ state, stateText: empty ? '' : text })
  },

  onConnected() {
    this.showState()
  },

  // ---- canvases

  async layOut() {
    const stage = await measureStage(this)
    if (!stage || !stage.height) return
    const oneStroke = this.data.mode === 'one_stroke'
    const size = fit(stage, this.drawing, oneStroke)
    if (this.painter && size.width === this.view.width && size.height === this.view.height && oneStroke === Boolean(this.gauge)) {
      return
    }
    await new Promise((resolve) => this.setData({ boxWidth: size.width, boxHeight: size.height }, () => resolve(undefined)))
    const { pixelRatio } = wx.getWindowInfo()
    const [settled, live, gauge] = await canvases(this, ['settled', 'live', ...(oneStroke ? ['gauge'] : [])])
    if (!settled || !live) return
    this.view.resize(size.width, size.height, this.drawing)
    if (!this.painter) {
      const base = wx.createOffscreenCanvas({ type: '2d', width: 1, height: 1 })
      this.painter = new Painter({ canvas: settled, live, base, view: this.view, pixelRatio })
    }
    this.painter.wanted = this.drawing.picture.strokes
    this.painter.resize()
    this.gauge = gauge ? new Gauge(gauge, size.width, pixelRatio) : null
    this.showGauge()
  },

  showGauge() {
    if (!this.gauge) return
    const used = this.data.done ? this.oneStrokeLength : this.recorder.length
    this.gauge.show(this.data.done ? 0 : 1 - used / this.oneStrokeLength, this.data.color)
  },

  makeRecorder() {
    return new Recorder({
      pen: () => {
        const { tool, color, width, mode } = this.data
        const length = mode === 'one_stroke' ? this.oneStrokeLength : undefined
        return { tool, color, width: tool === 'eraser' ? width * theme.ERASER_FACTOR : width, length }
      },
      toGrid: (x, y) => this.view.toGrid(x, y),
      bounds: () => ({ x: this.drawing.width * BOUND, y: this.drawing.height * BOUND }),
      at: () => this.drawing.at(Date.now()),
      calls: {
        begin: (stroke) => {
          if (this.drawing.seq === 0) this.drawing.began = Date.now() - stroke.at
          this.painter.begin(stroke)
        },
        extend: () => {
          this.painter.extend()
          if (this.gauge) this.showGauge()
        },
        end: (stroke) => this.finish(stroke),
        withdraw: () => {
          this.painter.withdraw()
          this.recorder.length = 0
          this.showGauge()
          this.lifted()
        },
        pinch: (pinch) => {
          this.view.pinch(pinch)
          this.painter.stretch()
        },
        pinchEnd: () => this.painter.sharpen(),
        twoFingerTap: () => this.undo(),
        twoFingerDoubleTap: () => {
          this.view.reset()
          this.painter.sharpen()
        },
      },
    })
  },

  /** @param {import('../../lib/drawing').StrokeAction} stroke */
  finish(stroke) {
    this.services.studio.add(this.drawing, stroke)
    this.painter.finish(this.drawing.picture.strokes)
    this.repaint()
    this.lifted()
    if (this.drawing.mode === 'one_stroke') this.celebrate()
    else if (stroke.tool !== 'eraser') this.usedColor(stroke.color)
  },

  lifted() {
    if (this.stateIsOld) this.showState()
  },

  celebrate() {
    this.setData({ seal: true })
    this.showGauge()
    wx.vibrateShort({ type: 'light', fail: () => {} })
    void this.services.saver.flush(this.drawing)
  },

  touchStart(event) {
    if (this.painter && !this.data.done) this.recorder.start(event)
  },
  touchMove(event) {
    this.recorder.move(event)
  },
  touchEnd(event) {
    this.recorder.end(event)
  },
  touchCancel(event) {
    this.recorder.cancel(event)
  },

  // ---- tools

  chooseTool({ currentTarget }) {
    this.setPen({ tool: currentTarget.dataset.tool })
  },

  chooseWidth({ currentTarget }) {
    this.setPen({ width: currentTarget.dataset.width })
  },

  chooseColor({ currentTarget }) {
    const { color } = currentTarget.dataset
    this.closePanel()
    this.setPen({ color, tool: this.data.tool === 'eraser' ? 'pen' : this.data.tool })
    this.showGauge()
  },

  usedColor(color) {
    if (this.data.recent[0] !== color) this.setPen({ recent: theme.withRecent(this.data.recent, color) })
  },

  /** @param {Record<string, any>} changed */
  setPen(changed) {
    this.setData(changed.color ? { ...changed, colorName: theme.nameOf(changed.color) } : changed)
    const { tool, color, width, recent } = this.data
    try {
      wx.setStorageSync(PEN, { tool, color, width, recent })
    } catch {
      // The next start then offers the usual pen.
    }
  },

  openColors() {
    this.setData({ panel: 'colors' })
  },
  openBackground() {
    this.setData({ panel: 'background' })
  },
  openMore() {
    this.setData({ panel: 'more' })
  },
  closePanel() {
    this.setData({ panel: '' })
  },

  chooseBackground({ currentTarget }) {
    this.closePanel()
    const { color } = currentTarget.dataset
    if (color !== this.drawing.picture.background) this.add({ type: 'background', color, at: this.drawing.at(Date.now()) })
  },

  undo() {
    if (this.drawing.canUndo) this.add({ type: 'undo', at: this.drawing.at(Date.now()) })
  },
  redo() {
    if (this.drawing.canRedo) this.add({ type: 'redo', at: this.drawing.at(Date.now()) })
  },

  clear() {
    this.closePanel()
    wx.showModal({
      title: '清空画面？',
      content: '清空后可以撤销。',
      confirmText: '清空',
      confirmColor: '#ad3a29',
      success: ({ confirm }) => {
        if (confirm) this.add({ type: 'clear', at: this.drawing.at(Date.now()) })
      },
    })
  },

  // ---- elsewhere

  newDrawing() {
    void this.services.saver.flush(this.drawing)
    this.use(this.services.studio.blank('free'))
  },
  newOneStroke() {
    void this.services.saver.flush(this.drawing)
    if (this.data.tool === 'eraser') this.setPen({ tool: 'pen' })
    this.use(this.services.studio.blank('one_stroke'))
  },
  again() {
    this.newOneStroke()
  },

  replay() {
    this.closePanel()
    wx.navigateTo({ url: `/pages/replay/replay?id=${this.drawing.id}` })
  },

  savePicture() {
    this.closePanel()
    void this.selectComponent('#picture').save(this.drawing)
  },

  openGallery() {
    if (getCurrentPages().length > 1) wx.navigateBack()
    else wx.redirectTo({ url: '/pages/gallery/gallery' })
  },

  /** What the state sign means, where there is more to say than it says. */
  explain() {
    const { state, failure } = this.services.saver.status(this.drawing.id)
    if (state === 'deleted' || state === 'gone') this.setData({ panel: 'deleted' })
    else if (failure && state !== 'saved' && state !== 'saving') {
      const retry = () => void this.services.saver.retry(this.drawing)
      this.selectComponent('#fault').tell(failure, { label: '现在重试', run: retry })
    }
  },

  async restore() {
    this.closePanel()
    const { api, saver } = this.services
    try {
      await api.restore(this.drawing.id)
      await saver.retry(this.drawing)
      await saver.refresh(this.drawing)
    } catch (error) {
      this.selectComponent('#fault').tell(error)
    }
  },

  saveAsNew() {
    this.use(this.services.studio.copy(this.drawing))
  },

  giveUp() {
    this.services.studio.discard(this.drawing.id)
    this.use(this.services.studio.blank('free'))
  },
})
