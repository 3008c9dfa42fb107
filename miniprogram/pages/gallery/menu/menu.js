// The sheet behind a long press on a card.
Component({
  properties: { show: Boolean, title: String, sharable: Boolean, binDays: Number },
  methods: {
    close() {
      this.triggerEvent('close')
    },
    choose({ currentTarget }) {
      this.triggerEvent('choose', { item: currentTarget.dataset.item })
    },
  },
})
