const { late } = require('../../lib/late')
const { Painter } = require('../../lib/painter')
const { Recorder } = require('../../lib/recorder')
const theme = require('../../lib/theme')
const { View } = require('../../lib/view')
const { STATE_WORDS } = require('../../lib/words')
const { Gauge, canvases, fit, measureStage } = require('../../lib/easel')

/** The storage key of tool, colour, width and recent colours. */
const PEN = 'yibi.pen'

Page({
  data: {
    tools: theme.TOOLS,
    colors: theme.COLORS,
    backgrounds: theme.BACKGROUNDS,
    widths: theme.WIDTHS.map((width, i) => ({ ...width, shown: [5, 9, 15, 23][i] })),
    tool: /** @type {import('../../lib/recorder').Pen['tool']} */ ('pen'),
    color: theme.COLORS[0].color,
    colorName: theme.COLORS[0].name,
    width: theme.WIDTHS[1].width,
    recent: /** @type {string[]} */ ([]),
    background: '#ffffff',
    mode: 'free',
    done: false,
    drawn: false,
    canUndo: false,
    canRedo: false,
    state: 'saved',
    stateText: '',
    /** The picture as the gallery has it, while the drawing is opened. */
    glimpse: '',
    hint: '',
    panel: '',
    seal: false,
    boxWidth: 0,
    boxHeight: 0,
  },

  /** @type {any} */
  services: late(),
  /** @type {View} */
  view: late(),
  /** @type {Recorder} */
  recorder: late(),
  /** There from the first layout on. @type {Painter | null} */
  painter: late(),
  /** In one-stroke mode. @type {Gauge | null} */
  gauge: late(),
  /** @type {import('../../lib/drawing').Drawing} */
  drawing: late(),
  /** @type {(() => void)[]} */
  stopListening: [],
  /** The drawing is on its way: there is nothing to draw on yet. */
  opening: false,
  /** A status came in while a finger drew. */
  stateIsOld: false,

  onLoad({ id, mode }) {
    this.services = getApp()
    this.view = new View()
    this.recorder = this.makeRecorder()
    const pen = wx.getStorageSync(PEN)
    if (pen) this.setData({ ...pen, colorName: theme.nameOf(pen.color) })
    this.stopListening = [
      this.services.saver.onStatus((changed) => { if (changed === this.drawing.id) this.showState() }),
      this.services.saver.onRebase((changed) => { if (changed === this.drawing.id && !this.recorder.stroke) this.repaint() }),
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
    if (this.drawing.isEmpty || !this.drawing.whole) return { title, path }
    const promise = this.selectComponent('#picture')
      .paint(this.drawing, { width: 800, card: true })
      .then((imageUrl) => ({ title, path, imageUrl }))
    return { title, path, promise }
  },

  // ---- the drawing on the paper

  async open(id) {
    const { studio } = this.services
    const summary = studio.summaries.get(id)
    if (summary) {
      Object.assign(this.drawing, { width: summary.width, height: summary.height })
      this.setData({ glimpse: summary.image_url })
    }
    const ahead = studio.ahead(id)
    if (ahead) {
      // One draws at once, on the picture that the gallery showed.
      this.use(ahead)
      await this.fill(ahead)
      return
    }
    this.opening = true
    try {
      const drawing = await studio.open(id)
      this.opening = false
      this.use(drawing)
      this.refresh()
    } catch (error) {
      this.selectComponent('#fault').tell(error, { label: '再试一次', run: () => void this.open(id) })
    }
  },

  /** Loads what was there before, below what is drawn meanwhile. @param {import('../../lib/drawing').Drawing} drawing */
  async fill(drawing) {
    try {
      await this.services.studio.fill(drawing)
      if (this.drawing !== drawing) return
      // While a finger draws, the end of its stroke brings the picture.
      if (!this.recorder.stroke) this.repaint()
      this.refresh()
    } catch (error) {
      this.selectComponent('#fault').tell(error, { label: '再试一次', run: () => void this.fill(drawing) })
    }
  },

  /** Asks for what another device may have added. */
  refresh() {
    const { drawing, services } = this
    if (drawing.acked > 0) void services.saver.refresh(drawing).catch((/** @type {any} */ error) => this.refreshFailed(error))
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
    this.seePen(drawing.picture.background)
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
    if (picture.background !== this.data.background) this.seePen(picture.background)
    if (this.painter) {
      this.painter.show(picture.strokes)
      if (this.data.glimpse && drawing.whole && !this.opening) void this.painter.settled().then(() => this.wholeShown())
    }
    this.setChanged({
      background: picture.background,
      canUndo: drawing.canUndo,
      canRedo: drawing.canRedo,
      drawn: !drawing.isEmpty && drawing.whole,
      done: drawing.mode === 'one_stroke' && !drawing.isEmpty,
      hint: drawing.seq > 0 || this.opening ? '' : (drawing.mode === 'one_stroke' ? '一笔，画到底' : '在这里画'),
    })
  },

  /** A new paper gets a pen that shows on it; on the same paper one may well draw white on white. @param {string} paper */
  seePen(paper) {
    const color = theme.visibleOn(this.data.color, paper)
    if (color !== this.data.color) this.setPen({ color })
  },

  wholeShown() {
    if (!this.recorder.stroke && this.drawing.whole) this.setChanged({ glimpse: '' })
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
    if (this.recorder.stroke) {
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
    // Below the glimpse: it gives way to the whole picture at once.
    this.painter.resize(!this.data.glimpse)
    this.gauge = gauge ? new Gauge(gauge, size.width, pixelRatio) : null
    this.showGauge()
    if (!this.opening) this.repaint()
  },

  showGauge() {
    if (!this.gauge) return
    const left = 1 - this.recorder.length / this.services.limits.now.one_stroke_length
    this.gauge.show(this.data.done ? 0 : left, this.data.color)
  },

  makeRecorder() {
    return new Recorder({
      pen: () => {
        const { tool, color, width, mode } = this.data
        const length = mode === 'one_stroke' ? this.services.limits.now.one_stroke_length : undefined
        return { tool, color, width: tool === 'eraser' ? width * theme.ERASER_FACTOR : width, length }
      },
      toGrid: (x, y) => this.view.toGrid(x, y),
      bounds: () => {
        const { coordinate_factor: factor } = this.services.limits.now
        return { x: this.drawing.width * factor, y: this.drawing.height * factor }
      },
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
          this.repaint()
          this.lifted()
        },
        // The glimpse stays where it is, so the paper does too until it has gone.
        pinch: (pinch) => {
          if (this.data.glimpse) return
          this.view.pinch(pinch)
          this.painter.stretch()
        },
        pinchEnd: () => {
          if (!this.data.glimpse) this.painter.sharpen()
        },
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
    if (!this.painter || this.data.done || this.opening) return
    const { points_per_stroke: points, actions_per_drawing: actions } = this.services.limits.now
    const { drawing, recorder } = this
    if (recorder.phase === 'idle') {
      const full = (drawing.whole ? drawing.actions.length : drawing.seq) >= actions
      // There is nothing to erase from yet.
      const early = this.data.tool === 'eraser' && !drawing.whole
      if (full || early) {
        wx.showToast({ title: full ? '这幅画画满了，新画一幅吧' : '画还在路上，稍等再擦', icon: 'none' })
        return
      }
    }
    this.recorder.maxPoints = points
    this.recorder.start(event)
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
