const { late } = require('../../lib/late')
const { Painter } = require('../../lib/painter')
const { Player } = require('../../lib/player')
const { appCard } = require('../../lib/share')
const { AUTO, Tempo, clockWords, nextSpeed } = require('../../lib/tempo')
const { View } = require('../../lib/view')
const { canvases, fit, measureStage } = require('../../lib/easel')

/** Milliseconds that the finished picture stands before a loop begins anew. */
const LOOP_REST = 1_200
/** Milliseconds of empty paper before the first stroke, without which a drawing of one dot would not move. */
const LEAD = 500
/** Milliseconds between two changes of the progress, and its finest step in per cent. */
const PROGRESS_EVERY = 80
const PROGRESS_STEP = 0.1
/** The replay moves on by at most so much in one frame, ms: after a break it goes on where it was. */
const LONGEST_FRAME = 250

Page({
  data: {
    boxWidth: 0,
    boxHeight: 0,
    background: '#ffffff',
    playing: false,
    speed: AUTO,
    loop: false,
    percent: 0,
    clock: '0:00',
    total: '0:00',
    failed: false,
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
  /** @type {Tempo} */
  tempo: late(),
  id: '',
  /** The canvas node whose frames drive the replay. */
  canvas: late(),
  /** The page is laid out. */
  isReady: false,
  /** The moment of the replay, ms; negative before the first stroke. */
  time: 0,
  /** The last frame and the last change of the progress, ms since 1970. */
  before: 0,
  shown: 0,
  frame: 0,
  scrubFrame: 0,
  /** The place of the track while a finger is on it. @type {{ left: number, width: number } | null} */
  track: late(),
  /** The replay goes on when the finger is lifted. */
  resume: false,

  onLoad({ id = '' }) {
    this.services = getApp()
    this.id = id
    void this.load()
  },

  async load() {
    this.setData({ failed: false })
    try {
      this.drawing = await this.services.studio.open(this.id)
      this.player = new Player(this.drawing.actions)
      this.setSpeed(AUTO)
      await this.ready()
    } catch (error) {
      this.setData({ failed: true })
      this.selectComponent('#fault').tell(error, { label: '再试一次', run: () => void this.load() })
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
    return appCard()
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
    if (this.data.failed) {
      void this.load()
      return
    }
    if (!this.painter || this.data.playing) return
    if (this.time <= 0 || this.time >= this.player.duration) this.time = -LEAD
    this.setData({ playing: true })
    this.before = Date.now()
    this.frame = this.canvas.requestAnimationFrame(() => this.step())
  },

  pause() {
    if (!this.data.playing) return
    this.canvas.cancelAnimationFrame(this.frame)
    this.setData({ playing: false })
    this.showProgress()
  },

  step() {
    const now = Date.now()
    const passed = Math.min(now - this.before, LONGEST_FRAME)
    // Before the first stroke, and behind the last one of a loop, time passes at no other pace.
    const { tempo } = this
    const { duration } = this.player
    this.time = this.time < 0 || this.time >= duration ? this.time + passed : tempo.toTime(tempo.toWatch(this.time) + passed)
    this.before = now
    if (this.time >= duration && !this.data.loop) {
      this.time = duration
      this.show()
      this.pause()
      return
    }
    if (this.time >= duration + LOOP_REST) this.time = -LEAD
    this.show()
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
    if (picture.background !== this.data.background) this.setData({ background: picture.background })
    if (!this.data.playing || Date.now() - this.shown >= PROGRESS_EVERY) this.showProgress()
  },

  showProgress() {
    const { player, tempo } = this
    this.shown = Date.now()
    const time = Math.max(0, Math.min(this.time, player.duration))
    const share = player.duration ? tempo.toWatch(time) / tempo.total : 1
    const percent = Math.round((share * 100) / PROGRESS_STEP) / Math.round(1 / PROGRESS_STEP)
    const clock = clockWords(tempo.toWatch(time))
    if (percent !== this.data.percent || clock !== this.data.clock) this.setData({ percent, clock })
  },

  toggle() {
    if (this.data.playing) this.pause()
    else this.play()
  },

  changeSpeed() {
    if (this.player) this.setSpeed(nextSpeed(this.data.speed))
  },

  /** @param {number} speed */
  setSpeed(speed) {
    this.tempo = new Tempo(this.player.duration, speed)
    this.setData({ speed, total: clockWords(this.tempo.total) })
    this.showProgress()
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
    this.time = this.tempo.toTime(share * this.tempo.total)
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
