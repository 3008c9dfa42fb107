Component({
  properties: {
    show: Boolean,
    title: String,
    /** Its name for screen readers, where it shows no title. */
    name: String,
  },
  methods: {
    close() {
      this.triggerEvent('close')
    },
    /** The page below does not scroll with the sheet. */
    stay() {},
  },
})
