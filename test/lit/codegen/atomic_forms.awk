# One kernel for each atomic operation (lines "OP name operation register") in each place, as PTX.
BEGIN {
  print ".version 8.6\n.target sm_90\n.address_size 64"
  count = split("global.gpu global.sys shared.cta generic.gpu", places, " ")
}
$1 == "OP" {
  for (k = 1; k <= count; k++) {
    split(places[k], place, ".")
    name = $2 "." places[k]
    gsub(/\./, "__", name)
    space = place[1] == "generic" ? "" : "." place[1]
    print ".visible .entry " name "(.param .u64 p, .param .u64 v)\n{\n  .reg .b64 %p, %q;\n  .reg ." $4 " %v, %d;"
    print "  ld.param.u64 %p, [p];\n  ld.param.u64 %q, [v];\n  ld.global." $4 " %v, [%q];"
    print "  atom." place[2] space "." $3 " %d, [%p], %v" ($2 ~ /^cas/ ? ", %v" : "") ";"
    print "  st.global." $4 " [%q], %d;\n  ret;\n}"
  }
}
