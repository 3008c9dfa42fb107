Component({
  properties: {
    show: Boolean,
    title: String,
  },
  methods: {
    close() {
      this.triggerEvent('close')
    },
    /** The page below does not scroll with the sheet. */
    stay() {},
  },
})
