const { readSteady, writeSteady } = require('../../../lib/steady')

// The sheet behind 更多.
Component({
  data: { steady: true },
  observers: {
    show(show) {
      if (show) this.setData({ steady: readSteady(wx) })
    },
  },
  properties: {
    show: Boolean,
    oneStroke: Boolean,
    /** The one stroke is drawn. */
    done: Boolean,
    /** Something is drawn, and all of it is loaded. */
    drawn: Boolean,
    /** Drawings can be shared. */
    sharable: Boolean,
    /** Friends can be invited to draw. */
    inviting: Boolean,
    blank: Boolean,
  },
  methods: {
    /** The sheet stays open, so that one sees the switch move. */
    switchSteady() {
      writeSteady(wx, !this.data.steady)
      this.setData({ steady: readSteady(wx) })
    },
    close() {
      this.triggerEvent('close')
    },
    choose({ currentTarget }) {
      this.triggerEvent('choose', { item: currentTarget.dataset.item })
    },
  },
})
