/// Text is compared by its bytes here: `String`'s `==` takes canonically equivalent texts for equal, and two
/// paths that differ so are two files.
func sameText(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }
