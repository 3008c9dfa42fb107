// A line of text with one action, above what it concerns, for as long as the page says.
Component({
  properties: {
    text: String,
    action: String,
    label: String,
    /** CSS px that the page needs below it. */
    above: { type: Number, value: 92 },
  },
  methods: {
    act() {
      this.triggerEvent('act')
    },
  },
})
