const theme = require('../../../lib/theme')

/** CSS px of the dots that stand for the widths. */
const NIBS = [5, 9, 15, 23]

// Tools, colours and widths; after the one stroke, the choices of what to do with it. Both have the same size, so
// that the paper above stays where it is.
Component({
  properties: {
    tool: String,
    color: String,
    width: Number,
    /** The colours beside the tools. */
    slots: Array,
    oneStroke: Boolean,
    /** The one stroke is drawn. */
    done: Boolean,
  },
  data: {
    tools: theme.TOOLS,
    widths: theme.WIDTHS.map((width, i) => ({ ...width, nib: NIBS[i] })),
    swatches: /** @type {import('../../../lib/theme').Swatch[]} */ ([]),
    colorName: '',
  },
  observers: {
    slots(/** @type {string[]} */ slots) {
      this.setData({ swatches: slots.map((color) => ({ color, name: theme.nameOf(color) })) })
    },
    color(/** @type {string} */ color) {
      this.setData({ colorName: theme.nameOf(color) })
    },
  },
  methods: {
    chooseTool({ currentTarget }) {
      this.triggerEvent('pen', { tool: currentTarget.dataset.tool })
    },
    chooseWidth({ currentTarget }) {
      this.triggerEvent('pen', { width: currentTarget.dataset.width })
    },
    chooseColor({ currentTarget }) {
      this.triggerEvent('color', { color: currentTarget.dataset.color })
    },
    openColors() {
      this.triggerEvent('colors')
    },
    retry() {
      this.triggerEvent('retry')
    },
    replay() {
      this.triggerEvent('replay')
    },
    again() {
      this.triggerEvent('again')
    },
  },
})
