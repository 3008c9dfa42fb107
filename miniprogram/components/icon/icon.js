Component({
  options: { virtualHost: false },
  properties: {
    /** A name from icon.wxss. */
    name: String,
  },
})
