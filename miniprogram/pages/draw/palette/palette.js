const theme = require('../../../lib/theme')

/** The scales of a free colour. */
const SCALES = [
  { scale: 'hue', name: '色相' },
  { scale: 'saturation', name: '浓淡' },
  { scale: 'light', name: '明暗' },
]

/** Where the scale under the finger lies, CSS px. @type {WeakMap<object, { left: number, width: number }>} */
const tracks = new WeakMap()

// The sheet of colours: the named ones, and one mixed freely.
Component({
  properties: { show: Boolean, color: String },
  data: {
    colors: theme.COLORS,
    scales: SCALES,
    mixing: false,
    mixed: '',
    hue: 0,
    saturation: 0,
    light: 0,
    /** CSS gradients of the scales. */
    gradients: { hue: '', saturation: '', light: '' },
  },
  observers: {
    show(/** @type {boolean} */ show) {
      if (show) this.setData({ mixing: false })
    },
  },
  methods: {
    close() {
      this.triggerEvent('close')
    },
    choose({ currentTarget }) {
      this.triggerEvent('color', { color: currentTarget.dataset.color })
    },
    mix() {
      const [hue, saturation, light] = theme.toHsl(this.data.color)
      this.setData({ mixing: true })
      // From black, grey or white on, the scales would all look alike.
      this.setMix(saturation > 0.2 && light > 0.2 && light < 0.9 ? { hue: hue / 360, saturation, light } : { hue: 0, saturation: 0.7, light: 0.5 })
    },
    use() {
      this.triggerEvent('color', { color: this.data.mixed })
    },
    /** @param {{ hue?: number, saturation?: number, light?: number }} changed 0 to 1 */
    setMix(changed) {
      const { hue, saturation, light } = { ...this.data, ...changed }
      const at = (/** @type {number} */ h, /** @type {number} */ s, /** @type {number} */ l) => theme.fromHsl(h * 360, s, l)
      const line = (/** @type {string[]} */ colors) => `linear-gradient(90deg, ${colors.join(', ')})`
      this.setData({
        hue,
        saturation,
        light,
        mixed: at(hue, saturation, light),
        gradients: {
          hue: line([0, 1, 2, 3, 4, 5, 6].map((sixth) => at(sixth / 6, 0.8, 0.5))),
          saturation: line([at(hue, 0, light), at(hue, 1, light)]),
          light: line([at(hue, saturation, 0), at(hue, saturation, 0.5), at(hue, saturation, 1)]),
        },
      })
    },
    touchScale(event) {
      const { scale } = event.currentTarget.dataset
      this.createSelectorQuery().select(`#${scale}`).boundingClientRect().exec(([box]) => {
        tracks.set(this, box)
        this.moveScale(event)
      })
    },
    moveScale({ currentTarget, changedTouches }) {
      const track = tracks.get(this)
      if (!track) return
      const share = Math.min(1, Math.max(0, (changedTouches[0].clientX - track.left) / track.width))
      this.setMix({ [currentTarget.dataset.scale]: share })
    },
    endScale() {
      tracks.delete(this)
    },
  },
})
