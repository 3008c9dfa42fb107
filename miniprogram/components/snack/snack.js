// A line of text with one action, above what it concerns, for as long as the page says.
Component({
  properties: { text: String, action: String, label: String },
  methods: {
    act() {
      this.triggerEvent('act')
    },
  },
})
