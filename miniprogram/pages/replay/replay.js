const { late } = require('../../lib/late')
const { Playback } = require('../../lib/playback')
const { appCard } = require('../../lib/share')
const { AUTO, clockWords, nextSpeed } = require('../../lib/tempo')

/** Milliseconds between two changes of the progress, and its finest step in per cent. */
const PROGRESS_EVERY = 80
const PROGRESS_STEP = 0.1

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
  /** @type {Playback} */
  playback: late(),
  id: '',
  /** The page is laid out. */
  isReady: false,
  /** The last change of the progress, ms since 1970. */
  shown: 0,
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
      this.playback = new Playback(this, this.drawing, () => this.moved())
      this.playback.loop = this.data.loop
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
    if (this.playback) void this.playback.layOut()
  },

  onShareAppMessage() {
    return appCard()
  },

  /** Begins when both the page and the drawing are there. */
  async ready() {
    if (!this.isReady || !this.playback || this.playback.painter) return
    await this.playback.layOut()
    this.play()
  },

  // ---- playing

  play() {
    if (this.data.failed) void this.load()
    else if (this.playback) this.playback.play()
  },

  pause() {
    if (this.playback) this.playback.pause()
  },

  /** The replay shows another moment. */
  moved() {
    if (!this.playback.playing || Date.now() - this.shown >= PROGRESS_EVERY) this.showProgress()
  },

  showProgress() {
    const { moment, player, tempo } = this.playback
    this.shown = Date.now()
    const share = player.duration ? tempo.toWatch(moment) / tempo.total : 1
    const percent = Math.round((share * 100) / PROGRESS_STEP) / Math.round(1 / PROGRESS_STEP)
    const clock = clockWords(tempo.toWatch(moment))
    if (percent !== this.data.percent || clock !== this.data.clock) this.setData({ percent, clock })
  },

  toggle() {
    if (this.data.playing) this.pause()
    else this.play()
  },

  changeSpeed() {
    if (this.playback) this.setSpeed(nextSpeed(this.data.speed))
  },

  /** @param {number} speed */
  setSpeed(speed) {
    this.playback.setSpeed(speed)
    this.setData({ speed, total: clockWords(this.playback.tempo.total) })
    this.showProgress()
  },

  toggleLoop() {
    const loop = !this.data.loop
    if (this.playback) this.playback.loop = loop
    this.setData({ loop })
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
    const { track, playback } = this
    if (!track || !playback || !playback.painter) return
    const { tempo } = playback
    const share = Math.min(1, Math.max(0, (changedTouches[0].clientX - track.left) / track.width))
    playback.time = tempo.toTime(share * tempo.total)
    if (this.scrubFrame) return
    this.scrubFrame = playback.canvas.requestAnimationFrame(() => {
      this.scrubFrame = 0
      playback.show()
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

  makeGif() {
    this.pause()
    if (this.drawing) this.selectComponent('#picture').askGif(this.drawing)
  },
})
