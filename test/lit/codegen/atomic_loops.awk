# Of the kernels of atomic_forms.awk, in assembly: those with a compare-and-swap loop instead of an instruction, by place.
/^[a-z_0-9]+:/ { name = $1; sub(/:$/, "", name); split(name, part, "__") }
/^\t[a-z]+_.*(cmpswap|cmpst)/ && (name !~ /^cas/ || name ~ /^cas_b16/) && !(name in seen) {
  seen[name] = 1
  loops[part[2] "." part[3]] = loops[part[2] "." part[3]] " " part[1]
}
END {
  for (place in loops)
    print place ":" loops[place] | "sort"
}
