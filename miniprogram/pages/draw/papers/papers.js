const theme = require('../../../lib/theme')

// The sheet of papers: the colour at any time, the size while nothing is drawn.
Component({
  properties: {
    show: Boolean,
    background: String,
    /** Grid units. */
    height: Number,
    /** Nothing is drawn yet. */
    blank: Boolean,
  },
  data: {
    backgrounds: theme.BACKGROUNDS,
    sizes: theme.SIZES.map((size) => ({ ...size, shape: size.height > size.width ? `width: ${Math.round((32 * size.width) / size.height)}px; height: 32px` : `width: 32px; height: ${Math.round((32 * size.height) / size.width)}px` })),
  },
  methods: {
    close() {
      this.triggerEvent('close')
    },
    chooseBackground({ currentTarget }) {
      this.triggerEvent('background', { color: currentTarget.dataset.color })
    },
    chooseSize({ currentTarget }) {
      this.triggerEvent('size', theme.SIZES[currentTarget.dataset.index])
    },
  },
})
