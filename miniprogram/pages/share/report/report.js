const { REASONS } = require('../../../lib/words')

/** Characters of a note. */
const NOTE_CHARS = 200

// The sheet that reports a share.
Component({
  properties: { show: Boolean },
  data: { reasons: REASONS, chosen: 0, note: '', most: NOTE_CHARS },
  observers: {
    show(show) {
      if (show) this.setData({ chosen: 0, note: '' })
    },
  },
  methods: {
    choose({ currentTarget }) {
      this.setData({ chosen: currentTarget.dataset.index + 1 })
    },
    type({ detail }) {
      this.data.note = detail.value
    },
    close() {
      this.triggerEvent('close')
    },
    send() {
      if (this.data.chosen) this.triggerEvent('send', { reason: this.data.chosen, note: this.data.note.trim() })
    },
  },
})
