const { late } = require('../../lib/late')
const { Painter } = require('../../lib/painter')
const { Player } = require('../../lib/player')
const { View } = require('../../lib/view')
const { canvases, fit, measureStage } = require('../../lib/easel')

const SPEEDS = [1, 2, 4]
/** Milliseconds that the finished picture stands before a loop begins anew. */
const LOOP_REST = 1_200

Page({
  data: {
    boxWidth: 0,
    boxHeight: 0,
    background: '#ffffff',
    playing: false,
    speed: 1,
    loop: false,
    percent: 0,
  },

  /** @type {any} */
  services: late(),
  /** @type {import('../../lib/drawing').Drawing} */
  drawing: late(),
  /** @type {Player} */
  player: late(),
  /** @type {Painter} */
  painter: late(),
  /** @type {View} */
  view: late(),
  /** The node whose frames the replay runs by. */
  canvas: late(),
  /** The page is laid out. */
  isReady: false,
  /** Milliseconds into the replay. */
  time: 0,
  /** When the last frame was, ms since 1970. */
  before: 0,
  frame: 0,
  scrubFrame: 0,
  /** Where the track is, while a finger is on it. @type {{ left: number, width: number } | null} */
  track: late(),
  /** It played when the finger came. */
  resume: false,

  async onLoad({ id = '' }) {
    this.services = getApp()
    try {
      this.drawing = await this.services.studio.open(id)
      this.player = new Player(this.drawing.actions)
      await this.ready()
    } catch (error) {
      this.selectComponent('#fault').tell(error)
    }
  },

  onReady() {
    this.isReady = true
    void this.ready()
  },

  onHide() {
    this.pause()
  },

  onUnload() {
    this.pause()
  },

  onResize() {
    void this.layOut()
  },

  onShareAppMessage() {
    const title = (this.drawing && this.drawing.title) || '看我怎么画出来的'
    const path = '/pages/draw/draw'
    if (!this.drawing) return { title, path }
    const promise = this.selectComponent('#picture')
      .paint(this.drawing, { width: 800, card: true })
      .then((imageUrl) => ({ title, path, imageUrl }))
    return { title, path, promise }
  },

  /** Begins when both the page and the drawing are there. */
  async ready() {
    if (!this.isReady || !this.player || this.painter) return
    await this.layOut()
    this.play()
  },

  async layOut() {
    const stage = await measureStage(this)
    if (!stage || !stage.height || !this.drawing) return
    const size = fit(stage, this.drawing, false)
    await new Promise((resolve) => this.setData({ boxWidth: size.width, boxHeight: size.height }, () => resolve(undefined)))
    const [settled, live] = await canvases(this, ['settled', 'live'])
    if (!settled || !live) return
    if (!this.painter) {
      this.view = new View()
      const { pixelRatio } = wx.getWindowInfo()
      this.painter = new Painter({ canvas: settled, live, offScreen: () => wx.createOffscreenCanvas({ type: '2d', width: 1, height: 1 }), view: this.view, pixelRatio })
      this.canvas = settled
    }
    this.view.resize(size.width, size.height, this.drawing)
    this.painter.resize()
    this.show()
  },

  // ---- playing

  play() {
    if (!this.painter || this.data.playing) return
    if (this.time >= this.player.duration) this.time = 0
    this.setData({ playing: true })
    this.before = Date.now()
    this.frame = this.canvas.requestAnimationFrame(() => this.step())
  },

  pause() {
    if (!this.data.playing) return
    this.canvas.cancelAnimationFrame(this.frame)
    this.setData({ playing: false })
  },

  step() {
    const now = Date.now()
    this.time += (now - this.before) * this.data.speed
    this.before = now
    this.show()
    if (this.time >= this.player.duration + (this.data.loop ? LOOP_REST * this.data.speed : 0)) {
      if (!this.data.loop) {
        this.time = this.player.duration
        this.pause()
        return
      }
      this.time = 0
    }
    this.frame = this.canvas.requestAnimationFrame(() => this.step())
  },

  /** Paints the present moment. */
  show() {
    const { painter, player } = this
    if (!painter) return
    const { picture, stroke, numbers } = player.seek(Math.min(this.time, player.duration))
    if (painter.drawing && painter.drawing.stroke !== stroke) painter.finish(picture.strokes)
    else painter.show(picture.strokes)
    if (stroke) painter.trace(stroke, numbers)
    const percent = player.duration ? Math.min(100, Math.round((this.time / player.duration) * 100)) : 100
    if (percent !== this.data.percent || picture.background !== this.data.background) {
      this.setData({ percent, background: picture.background })
    }
  },

  toggle() {
    if (this.data.playing) this.pause()
    else this.play()
  },

  changeSpeed() {
    this.setData({ speed: SPEEDS[(SPEEDS.indexOf(this.data.speed) + 1) % SPEEDS.length] })
  },

  toggleLoop() {
    this.setData({ loop: !this.data.loop })
  },

  // ---- scrubbing

  scrubStart(event) {
    this.resume = this.data.playing
    this.pause()
    this.createSelectorQuery().select('#track').boundingClientRect().exec(([box]) => {
      this.track = box
      this.scrubMove(event)
    })
  },

  scrubMove({ changedTouches }) {
    const { track, player } = this
    if (!track || !player) return
    const share = Math.min(1, Math.max(0, (changedTouches[0].clientX - track.left) / track.width))
    this.time = share * player.duration
    if (this.scrubFrame) return
    this.scrubFrame = this.canvas.requestAnimationFrame(() => {
      this.scrubFrame = 0
      this.show()
    })
  },

  scrubEnd() {
    this.track = null
    if (this.resume) this.play()
  },

  savePicture() {
    this.pause()
    if (this.drawing) void this.selectComponent('#picture').save(this.drawing)
  },
})
